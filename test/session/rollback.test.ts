import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("work that throws is rolled back, and the caller gets that very error", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session(async (s) => {
    await s.query("insert");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  expect(db.stats()).toMatchObject({ open: 1, idle: 1 });
});

test("work that throws before its first statement sends nothing", async () => {
  const { db, adapter } = fakeDatabase();
  await expect(db.session(() => Promise.reject(boom))).rejects.toBe(boom);
  expect(adapter.log).toEqual([]);
});

test("a rollback that fails drops the connection and is told as an event; the caller still gets its own error", async () => {
  const failure = queryFailed("other");
  const { db, adapter, events } = fakeDatabase({
    script: (text) => (text === "rollback" ? { error: failure, state: "transaction" } : undefined),
  });
  const work = db.session(async (s) => {
    await s.query("insert");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats()).toMatchObject({ open: 0, closed: { broken: 1 } });
  expect(events.filter(({ type }) => type === "error")).toMatchObject([{ error: failure, during: "rollback" }]);
});

test("a connection lost in mid-transaction is the caller's error; nothing more is sent on it", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "two" ? { lost: "unknown" } : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    await s.query("two");
  });
  await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect(adapter.flights).toEqual(["1: begin | one", "1: two"]);
  expect(db.stats().open).toBe(0);
});

test("statements that wait when the work throws are never sent", async () => {
  const { db, adapter } = fakeDatabase();
  let late: Promise<unknown> | undefined;
  const work = db.session(async (s) => {
    await s.query("one");
    late = s.query("two");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  await expect(late).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
});

test("a rollback that fails because nothing is open any more was not needed: the connection is kept, and nothing is told", async () => {
  const { db, adapter, events } = fakeDatabase({
    script: (text) => (text === "rollback" ? { error: queryFailed("other"), state: "idle" } : undefined),
  });
  const work = db.session(async (s) => {
    await s.query("insert");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  await db.session(async (s) => {
    await s.query("insert");
    await s.rollback();
  });
  expect(events.filter(({ type }) => type === "error")).toEqual([]);
  expect(events.filter(({ type }) => type === "rollback")).toHaveLength(2);
  expect(adapter.opens).toBe(1);
});
