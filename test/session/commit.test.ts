import { expect, test } from "vitest";
import { isDbError } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("commit(last) sends the last statement and COMMIT in one flight, and gives its result", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "three" ? { rowsAffected: 3 } : undefined) });
  const results = await db.session(async (s) => {
    await s.query("one");
    await s.query("two");
    return s.commit("three");
  });
  expect(results).toEqual([{ rows: [], columns: [], rowsAffected: 3 }]);
  expect(adapter.flights).toEqual(["1: begin | one", "1: two", "1: three | commit"]);
});

test("a transaction that is known in full is one flight", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => s.commit("one", { text: "two" }, s.sql`three`));
  expect(adapter.flights).toEqual(["1: begin | one | two | three | commit"]);
});

test("after a commit in mid-session the next statement begins anew", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.commit();
    await s.commit();
    await s.query("two");
    await s.rollback();
    await s.rollback();
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit", "1: begin | two", "1: rollback"]);
});

test("commit and rollback with nothing executed resolve without a connection", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.commit();
    await s.rollback();
  });
  expect(adapter.log).toEqual([]);
});

test("a COMMIT that fails is the caller's error; the transaction is rolled back and the connection kept", async () => {
  const error = queryFailed("foreign-key");
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "commit" ? { error, state: "transaction" } : undefined),
  });
  await expect(db.session((s) => s.query("insert"))).rejects.toBe(error);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: rollback"]);
  expect(db.stats()).toMatchObject({ open: 1, idle: 1 });
});

test("a last statement that fails is not committed, and the error says which one it was", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "bad" ? { error: queryFailed("unique") } : undefined),
  });
  const failure = await db.session((s) => s.commit("good", "bad")).catch((error: unknown) => error);
  expect(isDbError(failure, "QUERY_FAILED") && failure.details.statementIndex).toBe(1);
  expect(adapter.flights).toEqual(["1: begin | good | bad | commit", "1: undo rollback"]);
});

test("of last statements one of which fails none is kept, and what was done before stays in the open transaction", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "bad" ? { error: queryFailed("unique") } : undefined),
  });
  await db.session(async (s) => {
    await s.query("before");
    await expect(s.commit("good", "bad")).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { statementIndex: 1 },
    });
    await s.query("after");
  });
  expect(adapter.flights).toEqual([
    "1: begin | before",
    "1: savepoint isopool_batch | good | bad | release isopool_batch | commit",
    "1: undo rollback-to isopool_batch | release isopool_batch",
    "1: after",
    "1: commit",
  ]);
});

test("a commit whose answer was lost is COMMIT_UNKNOWN, and is never done again", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) });
  const failure = await db.session((s) => s.query("insert"), { retry: 5 }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "COMMIT_UNKNOWN",
    outcome: "unknown",
    retryable: false,
    cause: { code: "CONNECTION_LOST" },
  });
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit"]);
  expect(db.stats().open).toBe(0);
});

test("statements that nobody awaited are sent before COMMIT, and their failure is the session's", async () => {
  const error = queryFailed("unique");
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "bad" ? { error } : undefined) });
  await db.session((s) => {
    void s.query("good");
  });
  expect(adapter.flights).toEqual(["1: begin | good", "1: commit"]);
  await expect(
    db.session((s) => {
      void s.query("bad");
    }),
  ).rejects.toBe(error);
  expect(adapter.flights.slice(2)).toEqual(["1: begin | bad", "1: rollback"]);
});

test("last statements with which the transaction begins are rolled back with it when one fails, and the session goes on", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "bad" ? { error: queryFailed("unique") } : undefined),
  });
  await db.session(async (s) => {
    await expect(s.commit("good", "bad")).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { statementIndex: 1 },
    });
    await s.query("after");
  });
  expect(adapter.flights).toEqual([
    ...["1: begin | good | bad | commit", "1: undo rollback"],
    ...["1: begin | after", "1: commit"],
  ]);
});
