import { expect, test } from "vitest";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const gone = new Error("gone");

test("statements with signals of their own share a flight with the others", async () => {
  const { db, adapter } = fakeDatabase();
  const { signal } = new AbortController();
  await db.session(async (s) => {
    await Promise.all([
      s.query("one", [], { signal }),
      s.query("two"),
      s.raw("three", { signal: new AbortController().signal }),
      s.sql`four`,
    ]);
    await Promise.all(["five", "six"].map((text) => s.query(text, [], { timeoutMs: 5_000 })));
  });
  expect(adapter.flights).toEqual(["1: begin | one | two | three | four", "1: five | six", "1: commit"]);
});

test("one that is given up before it leaves is not sent; the others are", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  await db.session(async (s) => {
    const first = s.query("one", [], { signal: controller.signal });
    const second = s.query("two");
    controller.abort(gone);
    await expect(first).rejects.toBe(gone);
    await second;
  });
  expect(adapter.flights).toEqual(["1: begin | two", "1: commit"]);
});

test("one that gives up while all wait for a connection takes none of the others along", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  const holder = db.open();
  await holder.query("hold");
  const controller = new AbortController();
  const session = db.open();
  const first = session.query("one", [], { signal: controller.signal });
  const second = session.query("two");
  while (db.stats().waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(gone);
  await expect(first).rejects.toBe(gone);
  expect(db.stats().waiting).toBe(1);
  await holder.close();
  await second;
  await session.close();
  expect(adapter.flights.slice(2)).toEqual(["1: begin | two", "1: commit"]);
});

test("the last one that gives up there ends the wait", async () => {
  const { db } = fakeDatabase({}, { pool: { max: 1 } });
  const holder = db.open();
  await holder.query("hold");
  const controller = new AbortController();
  const session = db.open();
  const waiting = ["one", "two"].map((text) => session.query(text, [], { signal: controller.signal }));
  while (db.stats().waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(gone);
  for (const each of waiting) await expect(each).rejects.toBe(gone);
  expect(db.stats().waiting).toBe(0);
  await Promise.all([session.close(), holder.close()]);
});

test("in flight, outside of a transaction: the others get their answers", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? gate.promise.then(() => undefined) : undefined),
  });
  const controller = new AbortController();
  const session = db.open({ transaction: false });
  const slow = session.query("slow", [], { signal: controller.signal });
  const other = session.query("other");
  while (adapter.flights.length === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(gone);
  await expect(slow).rejects.toBe(gone);
  gate.resolve();
  await other;
  await session.query("goes on");
  await session.close();
  expect(adapter.log).toEqual(["open 1", "1: slow | other", "1: goes on"]);
});

test("in flight, inside a transaction: that is lost, since nobody could say what is in it", async () => {
  const never = new Promise<never>(() => undefined);
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "slow" ? never : undefined) });
  const controller = new AbortController();
  const work = db.session(async (s) => {
    await s.query("first");
    const slow = s.query("slow", [], { signal: controller.signal });
    const other = s.query("other");
    while (adapter.flights.length === 1) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(gone);
    const settled = await Promise.allSettled([slow, other]);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await s.query("more");
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(adapter.log).toEqual(["open 1", "1: begin | first", "1: slow | other", "close 1"]);
});

test("deadlines that differ do not share: what has more time must not use up another's", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) =>
    Promise.all([
      s.query("long", [], { timeoutMs: 5_000 }),
      s.query("short", [], { timeoutMs: 1_000 }),
      s.query("none"),
    ]),
  );
  expect(adapter.flights).toEqual(["1: begin | long", "1: short", "1: none", "1: commit"]);
});
