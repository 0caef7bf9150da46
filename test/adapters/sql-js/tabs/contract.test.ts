// The contract of adapters and the promises of sessions, in the tab that leads and in one that follows.

import { describe, expect, test } from "vitest";
import { sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { sqlJsTabs } from "../../../../src/adapters/sql-js/tabs/index.ts";
import { createDatabase } from "../../../../src/index.ts";
import {
  adapterContract,
  databaseContract,
  sqliteDialect,
  type Target,
} from "../../../../src/integrations/adapter-contract/index.ts";
import { countedEngine, engine } from "../target.ts";
import { Browser } from "./browser.ts";

const target = (isFollower: boolean): Target => ({
  // A connection that loses its leader goes on with the next one.
  dialect: { ...sqliteDialect, kill: undefined },
  make: async () => {
    const browser = new Browser();
    const over = new AbortController();
    void browser.runAlways(over.signal);
    const counted = countedEngine();
    const leader = browser.tab();
    const first = createDatabase("sqljs:shop", { adapters: [leader.factory(counted)] });
    if (isFollower) await first.autocommit.query("SELECT 1");
    // The leader's own: its connection is idle, and stays open.
    const kept = new Set(counted.statements);
    return {
      factory: isFollower ? browser.tab().factory(counted) : leader.factory(counted),
      url: "sqljs:shop",
      leaks: () => [...counted.statements].flatMap((each) => (kept.has(each) ? [] : ["a prepared statement"])),
      dispose: async () => {
        await first.dispose();
        expect(browser.holder).toBe(undefined);
        over.abort();
      },
    };
  },
});

for (const [role, isFollower] of [
  ["leader", false],
  ["follower", true],
] as const) {
  describe(`a ${role} keeps the contract of adapters`, () => {
    for (const { name, run } of adapterContract(target(isFollower))) test(name, run);
  });

  describe(`sessions of a ${role} keep their promises`, () => {
    for (const { name, run } of databaseContract(target(isFollower))) test(name, run);
  });
}

test("wrong options are refused at once", () => {
  const adapter = sqlJs({ sqlJs: engine });
  expect(() => sqlJsTabs({ adapter: {} as never })).toThrow(TypeError);
  expect(() => sqlJsTabs({ adapter: { ...adapter, schemes: ["libsql"] } })).toThrow(TypeError);
  expect(() => sqlJsTabs({ adapter, leaderTimeoutMs: 0 })).toThrow(TypeError);
});

test("where tabs have nothing in common, it is the adapter alone", async () => {
  // Of this thread: some versions of Node have Web Locks.
  const db = createDatabase("sqljs:memory", { adapters: [sqlJsTabs({ adapter: sqlJs({ sqlJs: engine }) })] });
  expect((await db.autocommit.query("SELECT 1 AS x")).rows).toEqual([{ x: 1 }]);
  expect(db.stats().role).toBe(undefined);
  await db.dispose();
});
