// PYDAL.md section 6, "Pool". Cases 17, 18, 23 and 26 are not in that list.
// Case 28 (a Workers-like runtime closes a socket with the request that opened it) needs `workers()`: issue 3 holds it, in
// test/integrations/workers/.

import { expect, test } from "vitest";
import { createDatabase, type DatabaseOptions, type PoolOptions, shared } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";
import { memoryDatabase, names, thingDatabase } from "./sql-js.ts";

/** Holds `count` connections at once, and gives them back in the order they were opened. */
async function openTogether(db: ReturnType<typeof fakeDatabase>["db"], count: number): Promise<void> {
  const sessions = Array.from({ length: count }, () => db.open());
  await Promise.all(sessions.map((session) => session.query("hold")));
  for (const session of sessions) await session.close();
}

test("case 14: a session that succeeds gives its connection back, and the next one reuses the newest, without hooks", async () => {
  let hooks = 0;
  const { db, adapter } = fakeDatabase({}, { afterConnection: () => void hooks++ });
  await openTogether(db, 2);
  expect(db.stats().idle).toBe(2);
  await db.autocommit.query("next");
  expect(adapter.flights.at(-1)).toBe("2: next");
  expect(hooks).toBe(2);
  expect(adapter.opens).toBe(2);
});

test("case 15: a connection that does not fit the idle pool is closed when it is given back", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { maxIdle: 1 } });
  await openTogether(db, 2);
  expect(adapter.log.at(-1)).toBe("close 2");
  expect(db.stats()).toMatchObject({ open: 1, idle: 1, closed: { surplus: 1 } });
});

test("case 16: an idle connection that has died is skipped, and a fresh one is lent", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase(
    { capabilities: { tellsDeath: false }, ping: ({ number }) => number > 1 },
    { runtime: { ...shared(), clock } },
  );
  await db.autocommit.query("one");
  clock.jump(5_000);
  await db.autocommit.query("two");
  expect(adapter.log).toEqual(["open 1", "1: one", "ping 1", "close 1", "open 2", "2: two"]);
});

test("case 16: with the check switched off, an idle connection is lent as it is", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase(
    { capabilities: { tellsDeath: false }, ping: () => false },
    { runtime: { ...shared(), clock }, checkActiveConnection: false },
  );
  await db.autocommit.query("one");
  clock.jump(5_000);
  await db.autocommit.query("two");
  expect(adapter.log).toEqual(["open 1", "1: one", "1: two"]);
});

test("case 19: when as many as allowed are out, the next session waits, and times out with a typed error", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase(
    {},
    { runtime: { ...shared(), clock }, pool: { max: 2, acquireTimeoutMs: 3_000 } },
  );
  const holders = [db.open(), db.open()];
  for (const holder of holders) await holder.query("hold");
  const third = db.session((s) => s.query("wait"));
  const failure = third.catch((error: unknown) => error);
  await clock.advance(2_999);
  expect(await byNow(third)).toBe("pending");
  await clock.advance(1);
  expect(await failure).toMatchObject({
    code: "POOL_TIMEOUT",
    details: { waitedMs: 3_000, max: 2, busy: 2 },
    outcome: "not-executed",
    retryable: true,
  });
  expect(adapter.opens).toBe(2);
  for (const holder of holders) await holder.close();
});

test.each<[string, Partial<DatabaseOptions>]>([
  ["hooks", { afterConnection: () => undefined }],
  ["setup", { setup: ["set role"] }],
  ["pool options", { pool: { max: 3 } }],
  ["folder", { folder: "/elsewhere" }],
])("case 20: two sources of one URL that differ in their %s never exchange connections", async (_what, difference) => {
  const { db, adapter } = fakeDatabase({ key: "fake:db" });
  const other = createDatabase("fake:db", { adapters: [adapter.factory], ...difference });
  await db.autocommit.query("one");
  await other.autocommit.query("two");
  expect(adapter.flights).toEqual(["1: one", expect.stringMatching(/^2: (set role \| )?two$/)]);
  await other.dispose();
});

test("case 20: two adapters made with other credentials never exchange connections", async () => {
  const { db, adapter } = fakeDatabase({ key: "fake:db" });
  const theirs = new FakeAdapter({ key: "fake:db" });
  const other = createDatabase("fake:db", { adapters: [theirs.factory] });
  await db.autocommit.query("one");
  await other.autocommit.query("two");
  expect([adapter.opens, theirs.opens]).toEqual([1, 1]);
  await other.dispose();
});

test("case 21: a session closed undecided is rolled back before its connection is pooled", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("insert");
  await session.close(null);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  expect(db.stats()).toMatchObject({ idle: 1 });
});

test("case 21: a connection that is still in a transaction after all is closed, never pooled", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "rollback" ? { state: "transaction" } : undefined),
  });
  const session = db.open();
  await session.query("insert");
  await session.close(null);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats()).toMatchObject({ open: 0, idle: 0 });
});

test("case 22: what a session left behind in its connection is not seen by the next one", async () => {
  const db = await thingDatabase();
  await db.session(async (s) => {
    await s.query("create temp table secret (x)");
    await s.query("insert into thing (name) values ('kept')");
  });
  await expect(db.autocommit.query("select * from secret")).rejects.toMatchObject({
    code: "QUERY_FAILED",
    message: expect.stringContaining("no such table"),
  });
  await db.session((s) => s.query("pragma recursive_triggers=on"), { transaction: false });
  expect((await db.autocommit.query("pragma recursive_triggers")).rows).toEqual([{ recursive_triggers: 0 }]);
  expect(await names(db)).toEqual(["kept"]);
});

test("case 22: a connection that cannot be proven clean is closed", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("set search_path");
  adapter.connections[0]!.isReusable = false;
  await session.close();
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats().closed).toMatchObject({ dirty: 1 });
});

test.each<[string, PoolOptions, number, "idle" | "lifetime"]>([
  ["was idle for too long", { idleMs: 1_000 }, 1_001, "idle"],
  ["has lived for too long", { maxLifetimeMs: 10_000, idleMs: Infinity }, 10_001, "lifetime"],
])(
  "case 24: a connection that %s is replaced, without an error to the caller",
  async (_why, pool, passedMs, reason) => {
    const clock = new FakeClock();
    const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock }, pool });
    await db.autocommit.query("one");
    clock.jump(passedMs);
    await db.autocommit.query("two");
    expect(adapter.flights).toEqual(["1: one", "2: two"]);
    expect(db.stats().closed[reason]).toBe(1);
  },
);

test.each<[keyof PoolOptions, unknown]>([
  ["max", "abc"],
  ["max", -1],
  ["max", "0"],
  ["max", 0],
  ["max", 1.5],
  ["max", Number.NaN],
  ["maxIdle", -1],
  ["maxIdle", "5"],
  ["maxUses", 0],
  ["maxWaiting", -1],
  ["acquireTimeoutMs", "5000"],
  ["acquireTimeoutMs", -1],
  ["openTimeoutMs", Number.NaN],
  ["idleMs", -1],
  ["maxLifetimeMs", "1h"],
  ["validateAfterMs", -1],
  ["leakMs", -5],
])("case 25: pool.%s: %j is a TypeError at construction that names both", (name, value) => {
  const { factory } = new FakeAdapter();
  const make = () => createDatabase("fake:db", { adapters: [factory], pool: { [name]: value } });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(`\`${name}\``);
  expect(make).toThrow(`got \`${String(value)}\``);
});

test("case 27: ten sessions in a row need one connection; of ten at once, as many as asked stay idle", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 10, maxIdle: 5 } });
  for (let count = 0; count < 10; count++) await db.session((s) => s.query("one"));
  expect(adapter.opens).toBe(1);
  await openTogether(db, 10);
  expect(adapter.opens).toBe(10);
  expect(db.stats()).toMatchObject({ open: 5, idle: 5, busy: 0 });
  expect(adapter.openConnections).toBe(5);
});

test("case 29: sql.js has one connection whatever the pool options say, and sessions at once take turns", async () => {
  const db = await memoryDatabase({ pool: { max: 8 } });
  await db.autocommit.query("create table thing (id integer primary key, name text)");
  expect(db.stats().max).toBe(1);
  const gate = deferred();
  const first = db.session(async (s) => {
    await s.query("insert into thing (name) values ('first')");
    await gate.promise;
    await s.query("insert into thing (name) values ('first again')");
  });
  const second = db.session((s) => s.query("insert into thing (name) values ('second')"));
  expect(await byNow(second)).toBe("pending");
  expect(db.stats()).toMatchObject({ open: 1, waiting: 1 });
  gate.resolve();
  await Promise.all([first, second]);
  expect(await names(db)).toEqual(["first", "first again", "second"]);
});
