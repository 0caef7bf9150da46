// Fluid compute of Vercel suspends a process: `attachDatabasePool()` of its own package keeps one while connections are idle.

import { attachDatabasePool } from "@vercel/functions";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../../src/index.ts";
import { fakeAdapter } from "../../src/integrations/testing/index.ts";

const CONTEXT = Symbol.for("@vercel/request-context");

test("a request is kept until its connection is closed: for as long as the pool keeps it idle", async () => {
  const adapter = fakeAdapter();
  const db = createDatabase("fake:db", { adapters: [adapter], pool: { idleMs: 20 } });
  const kept: Promise<unknown>[] = [];
  const world = globalThis as { [CONTEXT]?: unknown };
  world[CONTEXT] = { get: () => ({ waitUntil: (promise: Promise<unknown>) => kept.push(promise) }) };
  const { VERCEL_URL, VERCEL_REGION } = process.env;
  Object.assign(process.env, { VERCEL_URL: "shop.example", VERCEL_REGION: "fra1" });
  onTestFinished(async () => {
    delete world[CONTEXT];
    for (const [name, value] of Object.entries({ VERCEL_URL, VERCEL_REGION }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    await db.dispose();
  });
  attachDatabasePool(db.pool);
  expect(kept).toEqual([]);
  await db.session((session) => session.query("select 1"));
  expect(kept).toHaveLength(1);
  expect(adapter.openConnections).toBe(1);
  await kept[0];
  expect(adapter.openConnections).toBe(0);
});
