import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("callbacks run after the outermost settle, in order, with no session bound and the connection given back", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  const told: unknown[] = [];
  await db.session(async (s) => {
    s.onCommit(async () => {
      told.push("first", db.current(), adapter.flights.at(-1));
      await db.autocommit.query("log");
    });
    db.onCommit(() => told.push("second"));
    s.onRollback(() => told.push("never"));
    await s.query("insert");
    await s.transaction((tx) => tx.onCommit(() => told.push("third")));
    expect(told).toEqual([]);
  });
  expect(told).toEqual(["first", undefined, "1: commit", "second", "third"]);
});

test("a session that fails calls onRollback alone, and its error wins over the callback's", async () => {
  const { db, events } = fakeDatabase();
  const told: string[] = [];
  const work = db.session(async (s) => {
    s.onCommit(() => told.push("never"));
    s.onRollback(() => {
      told.push("rolled back");
      throw new Error("second");
    });
    await s.query("insert");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect(told).toEqual(["rolled back"]);
  expect(events.find(({ type }) => type === "error")).toMatchObject({
    during: "callback",
    error: { message: "second" },
  });
});

test("a nested transaction that was taken back drops its onCommit, and tells its onRollback, at the outermost settle", async () => {
  const { db } = fakeDatabase();
  const told: string[] = [];
  await db.session(async (s) => {
    await s.query("one");
    await s
      .transaction(
        async (tx) => {
          tx.onCommit(() => told.push("never"));
          tx.onRollback(() => told.push("inner rolled back"));
          await tx.query("two");
          throw boom;
        },
        { propagation: "nested" },
      )
      .catch(() => undefined);
    s.onCommit(() => told.push("outer committed"));
    expect(told).toEqual([]);
  });
  expect(told).toEqual(["inner rolled back", "outer committed"]);
});

test("a callback that throws after a commit is the caller's error, once all others have run", async () => {
  const { db } = fakeDatabase();
  const told: string[] = [];
  const work = db.session(async (s) => {
    s.onCommit(() => {
      throw boom;
    });
    s.onCommit(() => told.push("still told"));
    await s.query("insert");
  });
  await expect(work).rejects.toBe(boom);
  expect(told).toEqual(["still told"]);
});

test("callbacks of attempts that are done again are not told as committed", async () => {
  const { queryFailed } = await import("../kit/fake-adapter.ts");
  let attempts = 0;
  const { db } = fakeDatabase({
    script: (text) =>
      text === "commit" && ++attempts === 1
        ? { error: queryFailed("serialization", "", true), state: "idle" }
        : undefined,
  });
  const told: number[] = [];
  let attempt = 0;
  await db.session(
    async (s) => {
      const own = ++attempt;
      s.onCommit(() => told.push(own));
      await s.query("insert");
    },
    { retry: { retries: 1, delayMs: 0 } },
  );
  expect(told).toEqual([2]);
});

test("rollback() in mid-session tells onRollback of what was done until then, and forgets its onCommit", async () => {
  const { db } = fakeDatabase();
  const told: string[] = [];
  await db.session(async (s) => {
    s.onCommit(() => told.push("first committed"));
    s.onRollback(() => told.push("first rolled back"));
    await s.query("one");
    await s.rollback();
    s.onCommit(() => told.push("second committed"));
    await s.query("two");
  });
  expect(told).toEqual(["first rolled back", "second committed"]);
});

// FOUND: it was called at the end, so that what had been committed was rejected with a TypeError.
test.each(["onCommit", "onRollback"] as const)("%s without a function is a TypeError at once", async (name) => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("insert");
    expect(() => s[name](undefined as never)).toThrow("Expected the callback to be a function, got `undefined`");
  });
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit"]);
});
