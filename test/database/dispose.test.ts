import { expect, test } from "vitest";
import { createDatabase, pools, shared } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";

test("dispose() closes what is idle, then lets the adapter go, once", async () => {
  const order: string[] = [];
  const { db, adapter } = fakeDatabase({ onClose: () => void order.push(`disposals ${adapter.disposals}`) });
  await db.autocommit.query("one");
  await db.dispose();
  await db.dispose();
  expect(order).toEqual(["disposals 0"]);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(adapter.disposals).toBe(1);
});

test("the pool ends with its last database: until then the others go on", async () => {
  const { db, adapter } = fakeDatabase({ key: "fake:dispose-test" });
  const other = createDatabase("fake:db", { adapters: [adapter.factory] });
  await db.autocommit.query("one");
  await other.autocommit.query("two");
  await db.dispose();
  expect(adapter.openConnections).toBe(1);
  await other.autocommit.query("three");
  await expect(db.autocommit.query("late")).rejects.toMatchObject({ code: "POOL_CLOSED" });
  await other.dispose();
  expect(adapter.openConnections).toBe(0);
  expect(adapter.disposals).toBe(1);
  expect(pools().has("fake:dispose-test")).toBe(false);
});

test("dispose() waits for those who hold a connection; those who wait for one are refused at once", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  const gate = deferred();
  const holder = db.session(async (s) => {
    await s.query("one");
    await gate.promise;
    await s.query("two");
  });
  const waiter = db.session((s) => s.query("never"));
  waiter.catch(() => undefined);
  await settle();
  const disposed = db.dispose();
  await expect(waiter).rejects.toMatchObject({ code: "POOL_CLOSED", outcome: "not-executed" });
  expect(await byNow(disposed)).toBe("pending");
  expect(adapter.disposals).toBe(0);
  gate.resolve();
  await holder;
  await disposed;
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: two", "1: commit", "close 1"]);
  expect(adapter.disposals).toBe(1);
});

test("dispose({ timeoutMs }) waits no longer than that; who still holds a connection may finish, and it is closed then", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const session = db.open();
  await session.query("one");
  const disposed = db.dispose({ timeoutMs: 1_000 });
  await clock.advance(999);
  expect(await byNow(disposed)).toBe("pending");
  await clock.advance(1);
  await disposed;
  await session.query("two");
  await session.close();
  // The pool watches over the driver's close(), which session.close() does not wait for.
  await settle();
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: two", "1: commit", "close 1"]);
  expect(clock.timers).toBe(0);
});

test("a second dispose() waits as the first does", async () => {
  const { db } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  const [first, second] = [db.dispose(), db.dispose()];
  expect(await byNow(second)).toBe("pending");
  await session.close();
  await Promise.all([first, second]);
});

test("a second dispose() with a timeout waits no longer than that, or until the first is done", async () => {
  const clock = new FakeClock();
  const { db } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const session = db.open();
  await session.query("one");
  const first = db.dispose();
  const hurried = db.dispose({ timeoutMs: 1_000 });
  const patient = db.dispose({ timeoutMs: 60_000 });
  await clock.advance(999);
  expect(await byNow(hurried.then(() => "done"))).toBe("pending");
  await clock.advance(1);
  expect(await byNow(hurried.then(() => "done"))).toBe("done");
  expect(await byNow(patient.then(() => "done"))).toBe("pending");
  await session.close();
  await Promise.all([first, patient]);
  expect(clock.timers).toBe(0);
});

test("an adapter that fails to let go is told, and the database is gone all the same", async () => {
  const boom = new Error("disk full");
  const adapter = new FakeAdapter({ key: "fake:dispose-test" });
  const factory = {
    ...adapter.factory,
    create: (source: Parameters<typeof adapter.factory.create>[0]) => ({
      ...adapter.factory.create(source),
      dispose: () => Promise.reject(boom),
    }),
  };
  const db = createDatabase("fake:db", { adapters: [factory] });
  await db.autocommit.query("one");
  await expect(db.dispose()).rejects.toBe(boom);
  expect(adapter.openConnections).toBe(0);
  expect(pools().has("fake:dispose-test")).toBe(false);
});

test("the end of an `await using` block disposes", async () => {
  const { db, adapter } = fakeDatabase();
  await db.autocommit.query("one");
  await db[Symbol.asyncDispose]();
  expect(adapter.openConnections).toBe(0);
});

test("a database that was never used lets go of nothing", async () => {
  const { db, adapter } = fakeDatabase();
  await db.dispose();
  expect(adapter.disposals).toBe(0);
  expect(db.stats()).toMatchObject({ open: 0, max: 0 });
});

test("dispose() while the first connection is being opened leaves nothing open", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase({ onOpen: () => gate.promise });
  const work = db.autocommit.query("one");
  work.catch(() => undefined);
  await settle();
  const disposed = db.dispose();
  await expect(work).rejects.toMatchObject({ code: "POOL_CLOSED" });
  gate.resolve();
  await disposed;
  await settle();
  expect(adapter.openConnections).toBe(0);
  expect(adapter.disposals).toBe(1);
});

test("dispose() while an async URL is being asked for leaves nothing open", async () => {
  const gate = deferred<string>();
  const adapter = new FakeAdapter({ key: "fake:dispose-test" });
  const db = createDatabase(() => gate.promise, { adapters: [adapter.factory] });
  const work = db.autocommit.query("one");
  work.catch(() => undefined);
  await settle();
  await db.dispose();
  gate.resolve("fake:db");
  await expect(work).rejects.toMatchObject({ code: "POOL_CLOSED" });
  expect(adapter.opens).toBe(0);
  expect(pools().has("fake:dispose-test")).toBe(false);
});
