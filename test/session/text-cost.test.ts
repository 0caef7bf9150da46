// Promise: to look at a statement's text takes a time in proportion to it.

import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a text of any length is looked at in a time in proportion to it", async () => {
  const { db } = fakeDatabase();
  // Under a second; where each letter costs what is before it, minutes.
  const started = performance.now();
  for (const part of [" ", "a ", "a,", " returning", " select ", "a.", " from", " as a,"])
    await db.batch(["select 1", `select ${part.repeat(200_000)}`, `insert x returning ${part.repeat(200_000)} (`]);
  expect(performance.now() - started).toBeLessThan(20_000);
});
