// Issue 11, L4 to L6: what errors say.

import { createClient } from "@libsql/client/http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { isDbError } from "../../../src/index.ts";
import { toDbError } from "../../../src/adapters/libsql/errors.ts";
import { Patience } from "../../../src/adapters/libsql/patience.ts";
import { openShop, PROFILES } from "./shop.ts";

afterEach(() => void vi.useRealTimers());

async function errorOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.unreachable("it was done"),
    (error: Error) => error,
  );
}

test("an answer that is too large names stream()", async () => {
  const { db } = await openShop({ server: { maxResponseBytes: 1_000 } });
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
  const error = await errorOf(db.query(numbers));
  expect(error).toMatchObject({
    code: "QUERY_FAILED",
    outcome: "executed",
    message: expect.stringMatching(/stream\(\)/),
  });
  let count = 0;
  for await (const _ of db.stream(numbers)) count++;
  expect(count).toBe(1_000);
});

test("a read whose answer was lost twice says so once", async () => {
  const { db, server } = await openShop({ lostStreams: 0 });
  await server.fail({ action: "drop-before", times: 5 });
  const error = await errorOf(db.query("SELECT 1"));
  expect(isDbError(error, "CONNECTION_LOST")).toBe(true);
  expect(error.message.match(/CONNECTION_LOST/g)).toHaveLength(1);
});

test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("a code like %s is no kind", (code) => {
  const { details } = toDbError({ message: "no", code }, { text: "SELECT 1" });
  expect(details).toMatchObject({ kind: "other", dialectCode: code });
});

test.each([
  [
    {
      message: "SQLite error: UNIQUE constraint failed: item.shelf, item.place",
      code: "SQLITE_CONSTRAINT",
      extended_code: "SQLITE_CONSTRAINT_PRIMARYKEY",
    },
    {
      kind: "unique",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_PRIMARYKEY",
      table: "item",
      columns: ["shelf", "place"],
    },
  ],
  [
    { message: "SQLITE_CONSTRAINT: SQLite error: NOT NULL constraint failed: item.name", code: "SQLITE_CONSTRAINT" },
    { kind: "not-null", extendedCode: "SQLITE_CONSTRAINT_NOTNULL", table: "item", columns: ["name"] },
  ],
  [
    { message: "SQLite error: cannot store TEXT value in INT column s.a", code: "SQLITE_CONSTRAINT" },
    { kind: "check", extendedCode: "SQLITE_CONSTRAINT_DATATYPE", table: "s", columns: ["a"] },
  ],
  [
    { message: "SQLite error: CHECK constraint failed: cheap", code: "SQLITE_CONSTRAINT_CHECK" },
    { kind: "check", extendedCode: "SQLITE_CONSTRAINT_CHECK", constraint: "cheap" },
  ],
])("%j is told in detail", (error, details) => {
  expect(toDbError(error, { text: "INSERT" }).details).toMatchObject(details);
});

test("what is busy is given up after five seconds, also when the clock is set back meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const patience = new Patience();
  let attempts = 0;
  const trying = (async () => {
    while (await patience.wait(undefined)) {
      attempts++;
      vi.setSystemTime(Date.now() - 60_000);
    }
  })();
  await vi.advanceTimersByTimeAsync(6_000);
  await trying;
  expect(attempts).toBeGreaterThan(20);
});

test("the time of the attempts counts, too", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const patience = new Patience();
  let attempts = 0;
  const trying = (async () => {
    for (; await patience.wait(undefined); attempts++) vi.setSystemTime(Date.now() + 1_000);
  })();
  await vi.advanceTimersByTimeAsync(6_000);
  await trying;
  expect(attempts).toBeLessThanOrEqual(5);
});

describe.each([
  ["fetch", {}],
  ["@libsql/client", { createClient }],
])("through %s", (_, libsql) => {
  test("names and numbers in one text are bound as SQLite numbers them", async () => {
    const { db } = await openShop({ libsql });
    const ask = async (text: string, params: unknown): Promise<unknown[]> =>
      Object.values((await db.query(text, params as [])).rows[0]!);
    expect(await ask("SELECT :b AS x, :a AS y, ?1 AS z", [1, 2])).toEqual([1, 2, 1]);
    expect(await ask("SELECT ?2 AS x, :a AS y, ? AS z", [1, 2, 3, 4])).toEqual([2, 3, 4]);
    expect(await ask("SELECT $a(b) AS x, $a(c) AS y, :a(b) AS z", { "a(b)": 1, "a(c)": 2 })).toEqual([1, 2, 1]);
    expect(await ask("SELECT :a AS x, @a AS y, #a AS z", { a: 5 })).toEqual([5, 5, 5]);
  });
});

test.each(PROFILES)("a 404 for a connection that was known has the server's words, at %s", async (profile) => {
  const { db, server } = await openShop({ server: { profile } });
  const work = db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (1, 'tea')");
    await server.fail({
      action: "status",
      status: 404,
      body: '{"error":"Namespace `shop` does not exist"}',
      contentType: "application/json",
    });
    await session.query("INSERT INTO goods VALUES (2, 'salt')");
  });
  await expect(work).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    outcome: "not-executed",
    message: expect.stringMatching(/answered 404: Namespace `shop` does not exist/),
  });
  await server.expireStreams();
});
