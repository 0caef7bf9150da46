// Promise: `fresh: false` of a session reaches the driver with each of its flights; what is not said is left to the driver.

import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test.each([
  [false, false],
  [true, undefined],
  [undefined, undefined],
])("fresh: %s", async (fresh, told) => {
  const { db } = fakeDatabase();
  const sent: unknown[] = [];
  db.record = (flight) => sent.push(flight.fresh);
  await db.session(
    async (session) => {
      await session.query("one");
      await session.transaction((inner) => inner.query("two"), { propagation: "nested" });
    },
    { fresh },
  );
  expect(new Set(sent)).toEqual(new Set([told]));
  expect(sent.length).toBeGreaterThan(2);
});
