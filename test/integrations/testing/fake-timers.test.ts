// Fake timers of the user's runner, installed in the middle of what isopool does. Those of node:test do not end real ones, as vitest's do.

import { AsyncLocalStorage } from "node:async_hooks";
import { mock } from "node:test";
import initSqlJs from "sql.js";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database } from "../../../src/index.ts";
import { rolledBack } from "../../../src/integrations/testing/index.ts";

afterEach(() => mock.timers.reset());

async function open(): Promise<Database> {
  const adapters = [sqlJs({ sqlJs: await initSqlJs() })];
  const db = createDatabase("sqljs:memory", { adapters, context: asyncLocal(AsyncLocalStorage) });
  onTestFinished(() => db.dispose());
  return db;
}

/** Those that keep the process. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("a test that installs fake timers leaves no real one, which would keep the process for half a minute", async () => {
  const db = await open();
  const before = timers();
  await rolledBack(db, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    await db.session((session) => session.sql`select 1`);
  });
  mock.timers.reset();
  expect(timers()).toBe(before);
});

test("nor does a session with a deadline", async () => {
  const db = await open();
  const before = timers();
  await db.session(
    async (session) => {
      await session.sql`select 1`;
      mock.timers.enable({ apis: ["setTimeout"] });
    },
    { timeoutMs: 20_000 },
  );
  mock.timers.reset();
  expect(timers()).toBe(before);
});
