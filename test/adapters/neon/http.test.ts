// What HTTP alone can do, what it refuses, and how its failures are told.

import { describe, expect, test } from "vitest";
import type { Fault } from "../../servers/neon/server.ts";
import { deadPort, insert, openShop, rests, runs, type Shop, withAlarm } from "./shop.ts";

const openHttp = (): Promise<Shop> => openShop({ neon: { transport: "http" } });

test("a session that is a transaction is refused before its first statement, and nothing is sent", async () => {
  const { db, sent } = await openHttp();
  for (const work of [
    db.session((session) => session.query("INSERT INTO goods VALUES (1, 'tea')")),
    db.transaction((session) => session.sql`SELECT 1`),
    db.autocommit.stream("SELECT 1")[Symbol.asyncIterator]().next(),
  ])
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_UNSUPPORTED", details: { adapter: "neon" } });
  expect(await sent()).toEqual([]);
});

test.each([
  "SET search_path TO other",
  "  /* */ set session timezone = 'UTC'",
  "SET ROLE nobody",
  "LISTEN news",
  "PREPARE stored AS SELECT 1",
  "CREATE TEMP TABLE t (n int)",
  "SELECT pg_advisory_lock(1)",
  "SELECT set_config('app.who', 'me', false)",
])("what lasts no longer than its request is refused with the remedy: %s", async (text) => {
  const { db, sent } = await openHttp();
  const refusal = { code: "QUERY_FAILED", outcome: "not-executed", message: expect.stringContaining("`setup`") };
  await expect(db.query(text)).rejects.toMatchObject(refusal);
  await expect(db.batch(["SELECT 1", text])).rejects.toMatchObject(refusal);
  expect(await sent()).toEqual([]);
});

test.each([
  "COPY goods FROM STDIN",
  "copy (SELECT 1) TO STDOUT",
  `COPY wide (${"a, ".repeat(300)} b) FROM STDIN`,
  "BEGIN",
  "COMMIT",
  "START TRANSACTION",
  "/* /* */ */ COMMIT",
  "-- \rROLLBACK",
])("what is no statement of its own is refused in every transport: %s", async (text) => {
  for (const transport of ["http", "ws", "auto"] as const) {
    const { db, sent } = await openShop({ neon: { transport } });
    const error: unknown = await db.autocommit.query(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ outcome: "not-executed" });
    expect(["QUERY_FAILED", "TRANSACTION_STATEMENT"]).toContain((error as { code: string }).code);
    expect(await sent()).toEqual([]);
  }
});

test("more values than a request can carry are refused over HTTP, and more than PostgreSQL knows anywhere", async () => {
  const many = (count: number): { text: string; params: number[] } => ({
    text: `SELECT cardinality(ARRAY[${Array.from({ length: count }, (_, n) => `$${n + 1}::int`).join(", ")}]) AS n`,
    params: Array.from({ length: count }, () => 1),
  });
  const refusal = { code: "QUERY_FAILED", outcome: "not-executed", details: { kind: "parameter" } };
  for (const transport of ["http", "ws", "auto"] as const) {
    const { db, server, sent } = await openShop({ neon: { transport } });
    expect((await db.batch([many(32_767)]))[0].rows).toEqual([{ n: 32_767 }]);
    await server.forgetRequests();
    await expect(db.batch([many(65_536)])).rejects.toMatchObject(refusal);
    if (transport === "http") {
      await expect(db.batch([many(65_535)])).rejects.toMatchObject(refusal);
      await expect(db.batch(["SELECT 1", many(32_768)])).rejects.toMatchObject(refusal);
      expect(await sent()).toEqual([]);
    } else expect((await db.batch(["SELECT 1", many(65_535)]))[1].rows).toEqual([{ n: 65_535 }]);
  }
});

test("what lasts as long as its batch is let through", async () => {
  const { db } = await openHttp();
  const [, , result] = await db.batch([
    "SET LOCAL statement_timeout = '7s'",
    { text: "SELECT set_config('app.who', $1, true)", params: ["me"] },
    "SELECT current_setting('statement_timeout') AS t, current_setting('app.who') AS who",
  ]);
  expect(result.rows).toEqual([{ t: "7s", who: "me" }]);
  expect((await db.query("SELECT current_setting('app.who', true) AS who")).rows).not.toEqual([{ who: "me" }]);
});

describe("a batch that fails, where the server does not say by which statement", () => {
  const many = Array.from({ length: 9 }, (_, n) => insert(n + 1));

  test("it is one of these, and nothing is run again only to tell which", async () => {
    const { db, server, flights, names } = await openHttp();
    await db.query("INSERT INTO goods VALUES (77, 'old')");
    await server.query("CREATE SEQUENCE counted; GRANT ALL ON SEQUENCE counted TO PUBLIC");
    await flights();
    const error: unknown = await db
      .batch(["SELECT nextval('counted')", ...many, insert(77)])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "QUERY_FAILED",
      outcome: "not-executed",
      message: expect.stringMatching(/one of these 11 statements failed.* "goods_pkey"/),
      details: { kind: "unique", constraint: "goods_pkey", table: "goods", columns: ["number"] },
    });
    expect((error as { details: { sql: string } }).details).not.toHaveProperty("statementIndex");
    expect(await flights()).toBe(1);
    expect(await server.query("SELECT last_value FROM counted")).toEqual([{ last_value: "1" }]);
    expect(await names()).toEqual(["old"]);
  });

  test("by the place in its text, with no further request", async () => {
    const { db, flights } = await openHttp();
    await flights();
    await expect(db.batch([insert(1), "SELECT * FROM nowhere", insert(2)])).rejects.toMatchObject({
      details: { statementIndex: 1, position: 14, dialectCode: "42P01" },
    });
    expect(await flights()).toBe(1);
  });

  test("what may not happen again is laid to none of them, and nothing is run again for it", async () => {
    const { db, server, flights } = await openShop({ url: (url) => `${url}&lock_timeout=100` });
    await server.query("INSERT INTO goods VALUES (1, 'tea')");
    const holder = db.open();
    await holder.query("UPDATE goods SET name = 'held'");
    await flights();
    const error: unknown = await db
      .batch(["SELECT 1", "UPDATE goods SET name = 'salt'", "SELECT 2"])
      .catch((thrown: unknown) => thrown);
    const asked = await flights();
    await holder.close("rollback");
    expect(asked).toBe(1);
    expect(error).toMatchObject({
      code: "QUERY_FAILED",
      retryable: true,
      details: { kind: "busy", dialectCode: "55P03" },
    });
    expect((error as { details: object }).details).not.toHaveProperty("statementIndex");
  });

  test("a COMMIT that is refused is none of them", async () => {
    const { db, server, names } = await openHttp();
    await server.query("ALTER TABLE goods ADD parent int REFERENCES goods DEFERRABLE INITIALLY DEFERRED");
    const error: unknown = await db
      .batch([{ text: "INSERT INTO goods VALUES (1, $1, $2)", params: ["tea", 99] }, "SELECT 1"])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "QUERY_FAILED", details: { kind: "foreign-key" } });
    expect((error as { details: object }).details).not.toHaveProperty("statementIndex");
    expect(await names()).toEqual([]);
  });
});

test.each<[string, Fault, object]>([
  ["no answer", { on: "http", action: "drop-after" }, { code: "CONNECTION_LOST", outcome: "unknown" }],
  ["half an answer", { on: "http", action: "truncate" }, { code: "CONNECTION_LOST", outcome: "unknown" }],
  [
    "no JSON",
    { on: "http", action: "status", status: 200, body: "<html>", contentType: "text/html" },
    { code: "CONNECTION_LOST", outcome: "unknown" },
  ],
  [
    "a quota",
    {
      on: "http",
      action: "status",
      status: 400,
      body: '{"message":"Your project has exceeded its quota","code":null}',
    },
    { code: "CONNECT_FAILED", outcome: "not-executed", retryable: false },
  ],
  [
    "something inside",
    { on: "http", action: "status", status: 502, body: "bad gateway" },
    { code: "CONNECTION_LOST", outcome: "unknown" },
  ],
  [
    "an answer that is too large",
    { on: "http", action: "status", status: 507, body: '{"message":"response is too large"}' },
    {
      code: "QUERY_FAILED",
      outcome: "unknown",
      details: { dialectCode: "507", sql: "INSERT INTO goods VALUES (1, 'tea')" },
    },
  ],
  [
    "a request that is too large",
    { on: "http", action: "status", status: 413, body: '{"message":"too large"}' },
    {
      code: "QUERY_FAILED",
      outcome: "not-executed",
      details: { dialectCode: "413", sql: "INSERT INTO goods VALUES (1, 'tea')" },
    },
  ],
])("%s is told for what it is", async (_, fault, expected) => {
  const { db, server } = await openHttp();
  await server.fail(fault);
  await expect(db.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject(expected);
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a server that is not there was not asked", async () => {
  const port = await deadPort();
  const { db } = await openShop({
    neon: { transport: "http", neonConfig: { fetchEndpoint: () => `http://127.0.0.1:${port}/sql` } },
  });
  await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed" });
});

test("a restart of the compute costs no statement a wrong answer", async () => {
  const { db, server } = await openHttp();
  const work = db.query("SELECT pg_sleep(600)");
  const settled = work.catch((thrown: unknown) => thrown);
  await runs(server, "SELECT pg_sleep(600)");
  await server.killBackends();
  expect(await settled).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("whoever gives up has the statement cancelled at the server, and the headers stay as they were", async () => {
  const { runtime, ring } = withAlarm(31_234);
  const { db, server } = await openShop({ neon: { transport: "http" }, db: { runtime } });
  const { signal } = new AbortController();
  await db.query("SELECT 1", [], { signal });
  const work = db.query("SELECT pg_sleep(600)", [], { timeoutMs: 31_234 });
  const settled = work.catch((thrown: unknown) => thrown);
  await runs(server, "SELECT pg_sleep(600)");
  ring();
  expect(await settled).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
  await rests(server);
  const [{ headers } = { headers: {} as Record<string, string | undefined> }] = await server.requests();
  expect(headers["neon-connection-string"]).toMatch(/^postgresql:/);
  expect(headers["neon-raw-text-output"]).toBe("true");
});

test("a query runs once, however often it is awaited", async () => {
  const { db, names, flights } = await openHttp();
  await flights();
  const query = db.sql`INSERT INTO goods VALUES (${1}, ${"tea"})`;
  await Promise.all([query, query, query]);
  await query;
  expect(await flights()).toBe(1);
  expect(await names()).toEqual(["tea"]);
});
