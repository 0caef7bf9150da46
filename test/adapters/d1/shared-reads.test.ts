// Promise: on D1, lone reads of one turn leave in one request, each with its own answer or error, as if it had been alone.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import { d1 } from "../../../src/adapters/d1/index.ts";
import { asyncLocal, createDatabase, type Database, isDbError } from "../../../src/index.ts";
import { openOwnD1 } from "../../servers/d1/own-d1.ts";

const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

async function open(options: { readonly coalesce?: boolean } = {}): Promise<{ db: Database; sent: () => number }> {
  let requests = 0;
  const own = openOwnD1({ onExchange: () => requests++ });
  const db = createDatabase("d1:DB", {
    adapters: [d1(() => own.binding)],
    context: asyncLocal(AsyncLocalStorage),
    ...options,
  });
  onTestFinished(async () => {
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await db.dispose();
    own.close();
  });
  await db.autocommit.batch([
    "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "INSERT INTO goods VALUES (1, 'tea'), (2, 'salt')",
  ]);
  return { db, sent: () => requests - (requests = 0) };
}

test("eight are one request, each with its own rows and columns", async () => {
  const { db, sent } = await open();
  sent();
  const rows = await Promise.all(EIGHT.map((n) => db.sql`SELECT ${n} AS n`));
  expect(rows).toEqual(EIGHT.map((n) => [{ n }]));
  expect(sent()).toBe(1);
  const results = await Promise.all([
    db.query("SELECT 1 AS n"),
    db.raw("SELECT 'two', 3 AS a, 4 AS a"),
    db.raw({ text: "SELECT id, name FROM goods WHERE id = ?", params: [9] }),
    db.sql`SELECT name FROM goods ORDER BY id`.first(),
  ]);
  expect(results).toEqual([
    { rows: [{ n: 1 }], columns: ["n"], rowsAffected: 0 },
    { rows: [["two", 3, 4]], columns: ["'two'", "a", "a"], rowsAffected: 0 },
    { rows: [], columns: ["id", "name"], rowsAffected: 0 },
    { name: "tea" },
  ]);
  expect(sent()).toBe(1);
});

test("columns that are named by numbers have their order, at a request more, also where others have the same name", async () => {
  const { db, sent } = await open();
  sent();
  const [odd] = await Promise.all([db.raw("SELECT 3 AS a, 2, 4 AS a, 1"), db.query("SELECT 1 AS n")]);
  expect(odd).toMatchObject({ columns: ["a", "2", "a", "1"], rows: [[3, 2, 4, 1]] });
  expect(sent()).toBe(2);
});

test("a hundred are four requests", async () => {
  const { db, sent } = await open();
  sent();
  const rows = await Promise.all(Array.from({ length: 100 }, (_, n) => db.sql`SELECT ${n} AS n`.first()));
  expect(rows).toEqual(Array.from({ length: 100 }, (_, n) => ({ n })));
  expect(sent()).toBe(4);
});

test("what fails in company fails alone, with the same error, and leaves alone from then on", async () => {
  const { db, sent } = await open();
  const bad = "SELECT * FROM nowhere";
  const alone: unknown = await db.autocommit.batch([bad]).catch((error: unknown) => error);
  sent();
  const ask = (): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled([db.sql`SELECT 1 AS n`, db.query(bad), db.sql`SELECT 2 AS n`]);
  const [one, failed, two] = await ask();
  expect([one, two]).toEqual([
    { status: "fulfilled", value: [{ n: 1 }] },
    { status: "fulfilled", value: [{ n: 2 }] },
  ]);
  const { reason } = failed as PromiseRejectedResult;
  expect(isDbError(reason, "QUERY_FAILED") && isDbError(alone, "QUERY_FAILED")).toBe(true);
  expect([reason.message, reason.details]).toEqual([(alone as Error).message, (alone as { details: unknown }).details]);
  // All at once, and then each of them.
  expect(sent()).toBe(4);
  await ask();
  expect(sent()).toBe(2);
});

test("a number that lost its digits is exact, and the others are as they are", async () => {
  const { db, sent } = await open();
  sent();
  const rows = await Promise.all([db.sql`SELECT 9007199254740993 AS n`, db.sql`SELECT 1 AS n`]);
  expect(rows).toEqual([[{ n: 9007199254740993n }], [{ n: 1 }]]);
  expect(sent()).toBe(2);
});

test("a read behind a write of the same turn sees it, and writes leave alone", async () => {
  const { db, sent } = await open();
  sent();
  const count = "SELECT count(*) AS n FROM goods";
  const [, , after] = await Promise.all([
    db.query(count),
    db.query("INSERT INTO goods VALUES (3, 'rice')"),
    db.query(count),
  ]);
  expect(after.rows).toEqual([{ n: 3 }]);
  expect(sent()).toBe(3);
});

test("`coalesce: false`: a request each", async () => {
  const { db, sent } = await open({ coalesce: false });
  sent();
  await Promise.all(EIGHT.map((n) => db.sql`SELECT ${n} AS n`));
  expect(sent()).toBe(8);
});
