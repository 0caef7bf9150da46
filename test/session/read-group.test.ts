// Lone reads of one turn share a session: what that must not change.

import { expect, test } from "vitest";
import { closeAllInstances, type DatabaseOptions, type DbError, isDbError, shared } from "../../src/index.ts";
import type { FakeAdapterOptions } from "../kit/fake-adapter.ts";
import { FakeAdapter, queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase, type FakeDatabase } from "../kit/fake-database.ts";

/** A database whose texts that begin with `r` are reads. */
function readingDatabase(options: FakeAdapterOptions = {}, database: Partial<DatabaseOptions> = {}): FakeDatabase {
  const adapter = new FakeAdapter(options);
  const reading = { readsAs: (text: string) => (text.startsWith("r") ? ("shared" as const) : undefined) };
  const create: FakeAdapter["factory"]["create"] = (source) => Object.assign(adapter.factory.create(source), reading);
  return { ...fakeDatabase({}, { adapters: [{ ...adapter.factory, create }], ...database }), adapter };
}

const boom = new Error("boom");

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (isDbError(error) ? `${error.code} ${error.outcome}` : String(error)),
  );

test("reads of a session's code and of none do not share, though they are asked in one turn", async () => {
  const { db, adapter } = readingDatabase();
  const inside = db.session(() => Promise.all([db.autocommit.query("r1"), db.autocommit.query("r2")]));
  await Promise.all([inside, db.query("r3"), db.query("r4")]);
  expect(adapter.flights.map((flight) => flight.replace(/^\d+: /, "")).toSorted()).toEqual(["r1 | r2", "r3 | r4"]);
});

test("one that is asked when the others have left has a flight of its own", async () => {
  const answer = deferred();
  const { db, adapter } = readingDatabase({ script: () => answer.promise.then(() => undefined) });
  const first = db.query("r1");
  await byNow(first);
  const second = db.query("r2");
  await byNow(second);
  answer.resolve();
  await Promise.all([first, second]);
  expect(adapter.flights.map((flight) => flight.replace(/^\d+: /, ""))).toEqual(["r1", "r2"]);
});

test.each([
  ["dispose()", (db: FakeDatabase["db"]) => db.dispose()],
  ["closeAllInstances()", () => closeAllInstances()],
])("reads that are asked just before %s come to what they come to alone", async (_name, end) => {
  const outcomes: string[][] = [];
  for (const coalesce of [true, false]) {
    const { db } = readingDatabase({}, { coalesce });
    const asked = [db.query("r1"), db.query("r2"), db.raw("r3")].map(outcomeOf);
    await end(db);
    outcomes.push(await Promise.all(asked));
  }
  expect(outcomes[0]).toEqual(outcomes[1]);
});

test("the answer of each comes when the connection is back in the pool", async () => {
  const { db } = readingDatabase();
  const busy = ["r1", "r2"].map(async (text) => {
    await db.query(text);
    return db.stats().busy;
  });
  expect(await Promise.all(busy)).toEqual([0, 0]);
});

test("what cannot be a statement is refused as ever, and takes nobody along", async () => {
  const { db } = readingDatabase();
  const wrong = [undefined, null, 7, {}, { text: 7 }].map((input) => outcomeOf(db.raw(input as never)));
  const [right, ...outcomes] = await Promise.all([outcomeOf(db.query("r1")), ...wrong]);
  expect(right).toBe("done");
  expect(new Set(outcomes)).toEqual(new Set(["QUERY_FAILED not-executed"]));
});

test("where all of them fail together, each error names its own statement", async () => {
  const error = queryFailed("busy", "r1", true);
  const { db } = readingDatabase({
    script: () => {
      throw error;
    },
  });
  const failed = await Promise.allSettled(["r1", "r2", "r3"].map((text) => db.query(text)));
  const reasons = failed.map((each) => (each as PromiseRejectedResult).reason as DbError);
  const details = (sql: string) => ({ kind: "busy", sql, dialectCode: undefined });
  expect(reasons.map((each) => each.details)).toEqual([details("r1"), details("r2"), details("r3")]);
  expect(new Set(reasons).size).toBe(3);
  for (const each of reasons)
    expect(each).toMatchObject({ message: error.message, retryable: true, outcome: "not-executed" });
});

test("a read that is asked behind a write does not leave ahead of it, with the reads before", async () => {
  const { db, adapter } = readingDatabase({}, { pool: { max: 1 } });
  await Promise.all(["r1", "w", "r2", "r3"].map((text) => db.query(text)));
  expect(adapter.flights).toEqual(["1: r1", "1: w", "1: r2 | r3"]);
});

test("a read with a deadline or a signal of its own is ended by it, and takes no other along", async () => {
  const clock = new FakeClock();
  const answer = deferred();
  const { db } = readingDatabase(
    { script: () => answer.promise.then(() => undefined) },
    { runtime: { ...shared(), clock } },
  );
  const controller = new AbortController();
  const plain = db.query("r1");
  const late = db.query("r2", undefined, { timeoutMs: 100 }).catch((error: unknown) => error);
  const aborted = db.query("r3", undefined, { signal: controller.signal }).catch((error: unknown) => error);
  await clock.advance(100);
  expect(await byNow(late)).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
  controller.abort(boom);
  expect(await byNow(aborted)).toBe(boom);
  expect(await byNow(plain)).toBe("pending");
  answer.resolve();
  expect(await plain).toMatchObject({ rows: [] });
});

test("no more than 32 leave together: who comes after them has a flight of its own", async () => {
  const { db, adapter } = readingDatabase({}, { pool: { max: 2 } });
  await Promise.all(Array.from({ length: 33 }, (_, index) => db.query(`r${index}`)));
  const sizes = adapter.flights.map((flight) => flight.split(" | ").length);
  expect(sizes.toSorted((a, b) => a - b)).toEqual([1, 32]);
});

test("where all of them fail for what is not theirs, each error names that", async () => {
  for (const error of [queryFailed("busy", "set x", true), boom]) {
    const { db } = readingDatabase({
      script: () => {
        throw error;
      },
    });
    const failed = await Promise.allSettled(["r1", "r2"].map((text) => db.query(text)));
    for (const each of failed)
      expect(each).toMatchObject({ reason: error === boom ? boom : { details: { sql: "set x" }, retryable: true } });
  }
});
