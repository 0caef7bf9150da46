// Lone reads of one turn leave in one request, each with its own answer or error, as if it had been alone.

import { expect, test } from "vitest";
import { isDbError } from "../../../src/index.ts";
import type { Fetch } from "../../../src/adapters/libsql/index.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { add, openShop, PROFILES } from "./shop.ts";

const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

test.each(PROFILES)("at %s, eight lone reads are one request, each with its own rows", async (profile) => {
  const { db, sent } = await openShop({ server: { profile } });
  const rows = await Promise.all(EIGHT.map((n) => db.sql`SELECT ${n} AS n`));
  expect(rows).toEqual(EIGHT.map((n) => [{ n }]));
  expect(await sent()).toHaveLength(1);
  const results = await Promise.all([db.query("SELECT 1 AS n"), db.raw("SELECT 2"), db.sql`SELECT 3 AS n`.first()]);
  expect(results).toEqual([
    { rows: [{ n: 1 }], columns: ["n"], rowsAffected: 0 },
    { rows: [[2]], columns: ["2"], rowsAffected: 0 },
    { n: 3 },
  ]);
  expect(await sent()).toHaveLength(1);
  expect(db.stats()).toMatchObject({ opened: 1, busy: 0, idle: 1 });
});

test("resolvers of two levels are two requests, however the second level asks", async () => {
  const { db, sent } = await openShop();
  await db.batch([add(1, "tea"), add(2, "salt"), add(3, "rice")]);
  await sent();
  const nameOf = async (id: number): Promise<unknown> => (await db.sql`SELECT name FROM goods WHERE id = ${id}`)[0];
  const countOf = async (id: number): Promise<unknown> => {
    const row = await db.sql`SELECT ${id} AS id, count(*) AS n FROM goods WHERE id < ${id}`.first();
    return row;
  };
  const resolve = async ({ id }: { id: number }): Promise<unknown[]> => Promise.all([nameOf(id), countOf(id)]);
  const page = async (): Promise<unknown> =>
    Promise.all((await db.sql<{ id: number }>`SELECT id FROM goods ORDER BY id`).map(resolve));
  expect(await page()).toEqual([
    [{ name: "tea" }, { id: 1, n: 0 }],
    [{ name: "salt" }, { id: 2, n: 1 }],
    [{ name: "rice" }, { id: 3, n: 2 }],
  ]);
  expect(await sent()).toHaveLength(2);
});

test("a hundred reads are four requests, side by side", async () => {
  const { db, sent } = await openShop();
  const rows = await Promise.all(Array.from({ length: 100 }, (_, n) => db.sql`SELECT ${n} AS n`.first()));
  expect(rows).toEqual(Array.from({ length: 100 }, (_, n) => ({ n })));
  expect(await sent()).toHaveLength(4);
});

test.each(PROFILES)("at %s, what fails in company fails alone, with the same error", async (profile) => {
  const { db, sent } = await openShop({ server: { profile } });
  const bad = ["SELECT * FROM nowhere", "SELEC 1", "SELECT abs(-9223372036854775808)"];
  const alone: unknown[] = [];
  for (const text of bad) alone.push(await db.autocommit.batch([text]).catch((error: unknown) => error));
  await sent();
  const ended = await Promise.allSettled([
    db.sql`SELECT 1 AS n`,
    ...bad.map((text) => db.query(text)),
    db.sql`SELECT 2 AS n`,
  ]);
  expect(ended.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected", "fulfilled"]);
  bad.forEach((_, index) => {
    const { reason } = ended[index + 1] as PromiseRejectedResult;
    if (!isDbError(reason) || !isDbError(alone[index])) throw reason;
    const { code, message, details, outcome, retryable } = alone[index];
    expect(reason).toMatchObject({ code, message, details, outcome, retryable });
  });
});

test("what has failed in company goes alone from then on", async () => {
  const { db, sent } = await openShop();
  const both = (): Promise<unknown> =>
    Promise.allSettled([db.sql`SELECT 1`, db.query("SELECT * FROM nowhere"), db.sql`SELECT 2`]);
  await both();
  expect(await sent()).toHaveLength(1);
  await both();
  expect(await sent()).toHaveLength(2);
});

test("what is slow in company goes alone from then on, and the others meet again", async () => {
  let slow = 0;
  // Slower by far than what a busy machine adds.
  const fetch: Fetch = async (url, init) => {
    if (init.body.includes("'slow'")) await new Promise((resolve) => setTimeout(resolve, (slow += 400)));
    return globalThis.fetch(url, init);
  };
  const { db, server } = await openShop({ libsql: { fetch } });
  const turn = async (): Promise<string[][]> => {
    await server.forgetRequests();
    await Promise.all([db.sql`SELECT 'one'`, db.sql`SELECT 'slow'`, db.sql`SELECT 'two'`]);
    return (await server.requests()).map(({ types }) => types.filter((type) => type === "batch"));
  };
  await Promise.all([db.sql`SELECT 'warm'`, db.sql`SELECT 'up'`]);
  expect(await turn()).toEqual([["batch", "batch", "batch"]]);
  expect(await turn()).toHaveLength(3);
  await expect.poll(turn, PATIENCE).toHaveLength(2);
});

test("writes go alone, and so do reads of what a statement before has left", async () => {
  const { db, sent, names } = await openShop();
  await Promise.all([db.query(add(1, "tea").text, [1, "tea"]), db.query(add(2, "salt").text, [2, "salt"])]);
  expect(await sent()).toHaveLength(2);
  await Promise.all([db.sql`SELECT last_insert_rowid()`, db.sql`SELECT changes()`, db.sql`SELECT total_changes()`]);
  expect(await sent()).toHaveLength(3);
  await Promise.all([db.sql`PRAGMA user_version`, db.sql`WITH one AS (SELECT 1) INSERT INTO goods SELECT 3, 'rice'`]);
  expect(await sent()).toHaveLength(2);
  expect(await names()).toEqual(["tea", "salt", "rice"]);
});

test("with one connection, a read asked behind a write sees it, whoever read before", async () => {
  const { db, sent } = await openShop({ database: { pool: { max: 1 } } });
  const count = (): Promise<unknown> => db.sql<{ n: number }>`SELECT count(*) AS n FROM goods`.first();
  const [before, , after, later] = await Promise.all([
    count(),
    db.query(add(1, "tea").text, [1, "tea"]),
    count(),
    count(),
  ]);
  expect([before, after, later]).toEqual([{ n: 0 }, { n: 1 }, { n: 1 }]);
  expect(await sent()).toHaveLength(3);
});

test("what has a deadline or a signal goes alone, as its own or by default, and so does what `coalesce: false` says", async () => {
  const { db, sent } = await openShop();
  const { signal } = new AbortController();
  await Promise.all([
    db.query("SELECT 1", [], { timeoutMs: 60_000 }),
    db.query("SELECT 2", [], { signal }),
    db.query("SELECT 3"),
    db.query("SELECT 4", [], {}),
  ]);
  expect(await sent()).toHaveLength(3);
  for (const database of [{ defaults: { timeoutMs: 60_000 } }, { defaults: { retry: 1 } }, { coalesce: false }]) {
    const other = await openShop({ database });
    await Promise.all([other.db.sql`SELECT 1`, other.db.sql`SELECT 2`]);
    expect(await other.sent()).toHaveLength(2);
  }
  const fresh = await openShop({ database: { defaults: { fresh: false } } });
  await Promise.all([fresh.db.sql`SELECT 1`, fresh.db.sql`SELECT 2`]);
  expect(await fresh.sent()).toHaveLength(1);
});

test("what the server is lost for is asked again in company; each error is its caller's own", async () => {
  const { db, server, sent } = await openShop({ lostStreams: 1 });
  await db.sql`SELECT 0`;
  await server.fail({ action: "drop-after" });
  await sent();
  expect(await Promise.all([db.sql`SELECT 1 AS n`, db.sql`SELECT 2 AS n`])).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  expect((await sent()).filter((types) => types.startsWith("batch batch"))).toHaveLength(2);
});

test("what is too large together is asked again alone", async () => {
  const { db, server, sent } = await openShop({ server: { maxResponseBytes: 1_000 }, lostStreams: 1 });
  const large = "SELECT printf('%2000c', 'x') AS x";
  const ended = await Promise.allSettled([db.sql`SELECT 1 AS n`, db.query(large)]);
  expect(ended).toMatchObject([{ value: [{ n: 1 }] }, { reason: { details: { dialectCode: "RESPONSE_TOO_LARGE" } } }]);
  expect(await sent()).toHaveLength(2);
  await server.fail({ action: "status", status: 413 });
  expect(await Promise.all([db.sql`SELECT 2 AS n`, db.sql`SELECT 3 AS n`])).toEqual([[{ n: 2 }], [{ n: 3 }]]);
  expect((await sent()).filter((types) => types.startsWith("batch"))).toHaveLength(3);
});

test("an error of the whole request is each caller's own, with its own line", async () => {
  const refused: Fetch = async () => {
    throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
  };
  const { db } = await openShop({ libsql: { fetch: refused }, database: { pool: { acquireTimeoutMs: 100 } } });
  async function one(): Promise<void> {
    await db.sql`SELECT 1`;
  }
  async function other(): Promise<void> {
    await db.sql`SELECT 2`;
  }
  const [first, second] = (await Promise.allSettled([one(), other()])) as PromiseRejectedResult[];
  expect(first!.reason).not.toBe(second!.reason);
  expect(first!.reason).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed" });
  expect(second!.reason).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed" });
  expect((first!.reason as Error).stack).toContain("one");
  expect((second!.reason as Error).stack).toContain("other");
});

test("the events say what left together", async () => {
  const { db } = await openShop();
  const events: string[] = [];
  const stop = db.subscribe((event) => {
    if (event.type === "flight") events.push(event.statements.join(" | "));
  });
  await Promise.all([db.sql`SELECT 1`, db.sql`SELECT 2`]);
  stop();
  expect(events).toEqual(["SELECT 1 | SELECT 2"]);
});
