import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";
import { DIALECTS, storingDatabase } from "../kit/storing-database.ts";

const failing = (text: string) => (text === "bad" ? { error: queryFailed("unique") } : undefined);

test("a batch outside a session is one transaction in one flight", async () => {
  const { db, adapter } = fakeDatabase();
  expect(await db.batch(["a", db.sql`b`])).toHaveLength(2);
  expect(adapter.flights).toEqual(["1: begin | a | b | commit"]);
});

test("a batch in a transaction is a savepoint: when it fails it is undone in the same flight, and the rest stands", async () => {
  const { db, adapter } = fakeDatabase({ script: failing });
  await db.session(async (s) => {
    await s.query("before");
    await expect(s.batch(["a", "bad", "c"])).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { statementIndex: 1, kind: "unique" },
    });
    await s.query("after");
  });
  expect(adapter.flights).toEqual([
    "1: begin | before",
    "1: savepoint isopool_batch | a | bad | c | release isopool_batch",
    "1: undo rollback-to isopool_batch | release isopool_batch",
    "1: after",
    "1: commit",
  ]);
});

test("a batch that is the first of its transaction and fails leaves that open", async () => {
  const { db, adapter } = fakeDatabase({ script: failing });
  await db.session(async (s) => {
    await expect(s.batch(["a", "bad"])).rejects.toMatchObject({ code: "QUERY_FAILED" });
    await s.query("after");
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_batch | a | bad | release isopool_batch",
    "1: undo rollback-to isopool_batch | release isopool_batch",
    ...["1: after", "1: commit"],
  ]);
});

test("a batch that fails outside a session is rolled back", async () => {
  const { db, adapter } = fakeDatabase({ script: failing });
  await expect(db.batch(["a", "bad"])).rejects.toThrow(/statement 2 of 2 in the batch/);
  expect(adapter.flights).toEqual(["1: begin | a | bad | commit", "1: undo rollback"]);
});

test("an empty batch sends nothing, and one of a single statement needs no transaction", async () => {
  const { db, adapter } = fakeDatabase();
  expect(await db.batch([])).toEqual([]);
  expect(adapter.log).toEqual([]);
  await db.batch(["a"]);
  expect(adapter.flights).toEqual(["1: a"]);
});

test("an adapter without interactive transactions refuses a session before its first statement, and takes batches", async () => {
  const { db, adapter } = fakeDatabase({ capabilities: { transactions: "batch" } });
  await expect(db.session((s) => s.query("a"))).rejects.toMatchObject({
    code: "TRANSACTION_UNSUPPORTED",
    outcome: "not-executed",
  });
  expect(adapter.log).toEqual([]);
  await db.session((s) => s.batch(["a", "b"]), { transaction: false });
  expect(adapter.flights).toEqual(["1: begin | a | b | commit"]);
});

test("an isolation level that the adapter has not is refused; one that it has travels with BEGIN", async () => {
  const { db } = fakeDatabase();
  await expect(db.session((s) => s.query("a"), { isolationLevel: "repeatable read" })).rejects.toMatchObject({
    code: "TRANSACTION_UNSUPPORTED",
    message: expect.stringContaining("read committed, serializable"),
  });
  await db.session((s) => s.query("a"), { isolationLevel: "serializable" });
});

// FOUND: of one statement alone it was not taken back: on PostgreSQL, nothing more ran in its transaction.
test.each(DIALECTS)("a batch of one statement that fails leaves its transaction as it was (%s)", async (dialect) => {
  const { db, stored } = storingDatabase({ dialect, script: failing });
  await db.session(async (s) => {
    await s.query("before");
    await expect(s.batch(["bad"])).rejects.toMatchObject({ code: "QUERY_FAILED" });
    await s.query("after");
  });
  expect(stored).toEqual(["before", "after"]);
});
