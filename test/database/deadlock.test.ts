// A session that waits for a connection which only its own parent could give back waits for ever: it is told at once.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncLocal, type DatabaseOptions, type PoolOptions, shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, type FakeDatabase, fakeDatabase } from "../kit/fake-database.ts";

const frozen = (pool: PoolOptions, more: Partial<DatabaseOptions> = {}): FakeDatabase =>
  fakeDatabase({}, { pool, runtime: { ...shared(), clock: new FakeClock() }, ...more });

test.each<[string, (db: FakeDatabase["db"]) => Promise<unknown>]>([
  ["requires-new", (db) => db.transaction((tx) => tx.query("inner"), { propagation: "requires-new" })],
  ["not-supported", (db) => db.transaction((tx) => tx.query("inner"), { propagation: "not-supported" })],
  ["a session inside a session", (db) => db.session((s) => s.query("inner"))],
  ["autocommit inside a session", (db) => db.autocommit.query("inner")],
  ["a session by hand inside a session", (db) => db.open().query("inner")],
])("%s, while holding the pool's last connection, is POOL_DEADLOCK at once", async (_how, inner) => {
  const { db, adapter } = frozen({ max: 1 });
  await db.session(async (s) => {
    await s.query("outer");
    // The clock stands still: no timeout can have told it.
    const failure = await byNow(inner(db)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "POOL_DEADLOCK", outcome: "not-executed", details: { max: 1, stacks: [] } });
    expect((failure as Error).message).toMatch(/max 1\b.*raise `?max/);
    await s.query("goes on");
  });
  expect(adapter.flights).toEqual(["1: begin | outer", "1: goes on", "1: commit"]);
});

test("with stacks on, it tells where both connections were asked for", async () => {
  const { db } = frozen({ max: 1 }, { stacks: true });
  await db.session(async (s) => {
    await s.query("outer");
    const failure = await byNow(db.session((inner) => inner.query("inner"))).catch((error: unknown) => error);
    const { stacks } = (failure as { details: { stacks: string[] } }).details;
    expect(stacks).toHaveLength(2);
    for (const stack of stacks) expect(stack).toContain("deadlock.test.ts");
  });
});

test("a parent that holds no connection is no deadlock", async () => {
  const { db, adapter } = frozen({ max: 1 });
  await db.session(() => db.session((s) => s.query("inner")));
  expect(adapter.flights).toEqual(["1: begin | inner", "1: commit"]);
});

test("neither is a pool whose connection somebody else will give back", async () => {
  const { db } = frozen({ max: 2 });
  const other = db.open();
  await other.query("other");
  const work = db.session(async (s) => {
    await s.query("outer");
    await db.session((inner) => inner.query("inner"));
  });
  expect(await byNow(work)).toBe("pending");
  await other.close();
  await work;
});

test("two sessions that each hold one and want another are told: one of them gives up, the other goes on", async () => {
  const { db } = frozen({ max: 2 });
  const both = Promise.allSettled(
    ["a", "b"].map((name) =>
      db.session(async (s) => {
        await s.query(name);
        await new Promise((resolve) => setImmediate(resolve));
        await db.session((inner) => inner.query(`${name} inner`));
      }),
    ),
  );
  const results = (await byNow(both)) as PromiseSettledResult<unknown>[];
  expect(results).not.toBe("pending");
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find((result) => result.status === "rejected")).toMatchObject({ reason: { code: "POOL_DEADLOCK" } });
});

test("a cycle across two databases is told too", async () => {
  const context = asyncLocal(AsyncLocalStorage);
  const [one, other] = [frozen({ max: 1 }, { context }), frozen({ max: 1 }, { context })];
  const cross = (first: FakeDatabase["db"], second: FakeDatabase["db"]): Promise<unknown> =>
    first.session(async (s) => {
      await s.query("first");
      await new Promise((resolve) => setImmediate(resolve));
      await second.session((inner) => inner.query("second"));
    });
  const results = (await byNow(
    Promise.allSettled([cross(one.db, other.db), cross(other.db, one.db)]),
  )) as PromiseSettledResult<unknown>[];
  expect(results).not.toBe("pending");
  expect(results.find((result) => result.status === "rejected")).toMatchObject({ reason: { code: "POOL_DEADLOCK" } });
});
