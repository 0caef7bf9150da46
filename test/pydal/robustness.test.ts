// PYDAL.md section 6, "Robustness and diagnostics". 67, 77, 78 and 79 are for later; 66, 68, 70, 71 and 76 are not in that list.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { createDatabase, DbError, type DatabaseEvent, type SessionOptions, shared } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, fakeDatabase } from "../kit/fake-database.ts";
import { memoryDatabase, thingDatabase } from "./sql-js.ts";

const connectFailed = (retryable: boolean): DbError =>
  new DbError("CONNECT_FAILED", "nobody answers", { adapter: "fake" }, { retryable });

test("case 63: a connection that the server dropped is never lent again; the next session gets a fresh one", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "two" ? { lost: "unknown" } : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    await s.query("two");
  });
  await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect(db.stats()).toMatchObject({ open: 0, closed: { broken: 1 } });
  await db.session((s) => s.query("three"));
  expect(adapter.flights.slice(-2)).toEqual(["2: begin | three", "2: commit"]);
});

describe("case 64: a failure to connect", () => {
  test("that may pass is tried again, with pauses, until the acquire's deadline", async () => {
    const clock = new FakeClock();
    const { db, adapter } = fakeDatabase(
      {
        onOpen: (attempt) => {
          if (attempt < 3) throw connectFailed(true);
        },
      },
      { runtime: { ...shared(), clock } },
    );
    const work = db.autocommit.query("one");
    expect(await byNow(work)).toBe("pending");
    expect(adapter.opens).toBe(1);
    await clock.advance(5_000);
    await work;
    expect(adapter.opens).toBe(3);
  });

  test("that does not pass is told at the deadline, as the cause of the timeout", async () => {
    const clock = new FakeClock();
    const failure = connectFailed(true);
    const { db, adapter } = fakeDatabase(
      { onOpen: () => Promise.reject(failure) },
      { runtime: { ...shared(), clock } },
    );
    const work = db.autocommit.query("one").catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await work).toMatchObject({ code: "POOL_TIMEOUT", cause: failure });
    expect(adapter.opens).toBeLessThan(12);
  });

  test.each([
    ["a wrong password", new DbError("AUTH_FAILED", "the password was refused", { adapter: "fake" })],
    ["a failure that waiting does not heal", connectFailed(false)],
    ["a mistake", new TypeError("no such driver")],
  ])("%s is the caller's error at once", async (_what, failure) => {
    const clock = new FakeClock();
    const { db, adapter } = fakeDatabase(
      { onOpen: () => Promise.reject(failure) },
      { runtime: { ...shared(), clock } },
    );
    const told = await byNow(db.autocommit.query("one")).catch((error: unknown) => error);
    expect(told).toBe(failure);
    expect(adapter.opens).toBe(1);
  });
});

test.each<[string, SessionOptions["retry"]]>([
  ["a text", "3" as never],
  ["a negative number", -1],
  ["a broken number", 1.5],
  ["not a number", Number.NaN],
  ["retries below 0", { retries: -1 }],
  ["no retries", {} as never],
  ["a negative delay", { retries: 1, delayMs: -1 }],
  ["a negative longest delay", { retries: 1, maxDelayMs: -1 }],
  ["null", null as never],
])("case 65: `retry` that is %s is a TypeError, before the work begins", async (_what, retry) => {
  const { db, adapter } = fakeDatabase();
  let ran = false;
  await expect(
    db.session(
      () => {
        ran = true;
      },
      { retry },
    ),
  ).rejects.toThrow(TypeError);
  expect(ran).toBe(false);
  expect(adapter.log).toEqual([]);
});

test("case 69: what one database is told or given does not touch another of the same pool", async () => {
  const { db, adapter, events } = fakeDatabase({ key: "fake:db" });
  const theirs: DatabaseEvent[] = [];
  const other = createDatabase("fake:db", { adapters: [adapter.factory], onEvent: (event) => theirs.push(event) });
  await db.autocommit.query("mine");
  await other.autocommit.query("theirs");
  const flights = (list: readonly DatabaseEvent[]): unknown[] =>
    list.flatMap((event) => (event.type === "flight" ? event.statements : []));
  expect(flights(events)).toEqual(["mine"]);
  expect(flights(theirs)).toEqual(["theirs"]);
  expect(adapter.opens).toBe(1);
  expect(other.current()).toBeUndefined();
  await other.dispose();
});

test("case 72: nothing is kept of statements that are done: the event that tells how long one took can be collected", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let last: WeakRef<DatabaseEvent> | undefined;
  const adapter = new FakeAdapter();
  const db = createDatabase("fake:db", {
    adapters: [adapter.factory],
    onEvent: (event) => {
      if (event.type !== "flight") return;
      expect(event.durationMs).toBeGreaterThanOrEqual(0);
      last = new WeakRef(event);
    },
  });
  await db.autocommit.query("one");
  for (let turn = 0; turn < 10 && last?.deref() !== undefined; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(last).toBeDefined();
  expect(last?.deref()).toBeUndefined();
  expect(db.stats().flights).toBe(1);
  await db.dispose();
});

test("case 73: rows with two columns of one name are refused as objects, naming it; named apart, or as arrays, they are there", async () => {
  const db = await memoryDatabase();
  await expect(db.query("select 1 as id, 2 as id, 3 as other")).rejects.toThrow(/columns are named `id`/);
  expect((await db.query("select 1 as a_id, 2 as b_id")).rows).toEqual([{ a_id: 1, b_id: 2 }]);
  expect(await db.sql`select 1 as id, 2 as id`.values()).toEqual([[1, 2]]);
});

test("case 74: a statement that gives no rows gives an empty list, never null", async () => {
  const db = await thingDatabase();
  expect(await db.query("create index by_name on thing (name)")).toEqual({ rows: [], columns: [], rowsAffected: 0 });
  expect(await db.sql`update thing set name = 'x'`).toEqual([]);
  expect(await db.sql`update thing set name = 'x'`.first()).toBeUndefined();
  expect(await db.sql`update thing set name = 'x'`.values()).toEqual([]);
});

test("case 74: a failure at the second row is an error, not the end of the rows", async () => {
  const db = await memoryDatabase();
  const rows = "select json_extract(column1, '$.a') as a from (values ('{\"a\":1}'), ('no json'))";
  await expect(db.query(rows)).rejects.toMatchObject({ code: "QUERY_FAILED" });
  const read = async (): Promise<void> => {
    for await (const _row of db.stream(rows, { batchSize: 1 }));
  };
  await expect(read()).rejects.toMatchObject({ code: "QUERY_FAILED" });
});

test("case 75: a stream goes on while other statements of its session run", async () => {
  const db = await thingDatabase();
  await db.batch(["a", "b", "c"].map((name) => db.sql`insert into thing (name) values (${name})`));
  const seen: unknown[] = [];
  await db.session(async (s) => {
    for await (const { name } of s.stream("select name from thing order by id", { batchSize: 1 })) {
      seen.push(name);
      await s.query("insert into thing (id, name) values (?, ?)", [-seen.length, `${String(name)} again`]);
    }
  });
  expect(seen).toEqual(["a", "b", "c"]);
});

test("case 75: a stream ends with its session, with a typed error", async () => {
  const db = await thingDatabase();
  await db.batch(["a", "b"].map((name) => db.sql`insert into thing (name) values (${name})`));
  const rows = await db.session(async (s) => {
    const iterator = s.stream("select name from thing", { batchSize: 1 })[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: { name: "a" } });
    return iterator;
  });
  await expect(rows.next()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});
