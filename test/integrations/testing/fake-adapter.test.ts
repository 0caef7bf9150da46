// Promise: fakeAdapter() answers what it was told to, and nothing of that is lost or passed over.

import { expect, test } from "vitest";
import { createDatabase } from "../../../src/index.ts";
import { fakeAdapter } from "../../../src/integrations/testing/index.ts";

test("rows that name different columns have all of them, as rows of a database do", async () => {
  const adapter = fakeAdapter({ answer: () => [{ id: 1 }, { id: 2, name: "Ada" }] });
  await using db = createDatabase("fake:shop", { adapters: [adapter] });
  const { rows, columns } = await db.autocommit.query("select * from item");
  expect(columns).toEqual(["id", "name"]);
  expect(rows).toEqual([
    { id: 1, name: null },
    { id: 2, name: "Ada" },
  ]);
});

test("a capability that nobody asks for is most likely another one, misspelt", () => {
  const capabilities = { savepoint: false } as object;
  expect(() => fakeAdapter({ capabilities })).toThrow(/`savepoint` of the capabilities of a fake.*`savepoints`/);
  expect(fakeAdapter({ capabilities: { writesAtCommit: true } })).toBeDefined();
});
