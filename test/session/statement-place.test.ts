// An adapter checks a statement for the place where it will run.

import { expect, test } from "vitest";
import type { StatementPlace } from "../../src/contract/adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("an adapter is told whether a statement runs in a transaction, alone in a session, on its own, or in a hook", async () => {
  const told: (readonly [string, StatementPlace])[] = [];
  const { db } = fakeDatabase(
    { check: ({ text }, place) => void told.push([text, place]) },
    { afterConnection: async (connection) => void (await connection.query("hook")) },
  );
  await db.session((s) => s.query("a"));
  await db.session(
    async (s) => {
      await s.query("b");
      await s.transaction((tx) => tx.query("c"));
      await s.batch(["d", "e"]);
      await s.batch(["f"]);
    },
    { transaction: false },
  );
  await db.autocommit.query("g");
  expect(told).toEqual([
    ["a", "transaction"],
    ["hook", "setup"],
    ["b", "session"],
    ["c", "transaction"],
    ["d", "transaction"],
    ["e", "transaction"],
    ["f", "session"],
    ["g", "autocommit"],
  ]);
});
