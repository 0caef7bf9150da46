// The server keeps to the protocol, as HRANA_3_SPEC.md, sqld's source and Turso's PROTOCOL.md tell it.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ProfileName } from "./libsql-server.ts";
import { AUTOCOMMIT, CLOSE, execute, startWire } from "./wire-client.ts";

const TABLE = execute("CREATE TABLE t (id INTEGER PRIMARY KEY, held)");

describe.each<ProfileName>(["sqld", "turso-cloud"])("as %s", (profile) => {
  const isCloud = profile === "turso-cloud";

  test("a query and its close are one request, and leave nothing", async () => {
    const { server, post } = await startWire({ profile });
    const { status, baton, results } = await post([execute("SELECT 1 AS one, 'x' AS x"), CLOSE]);
    expect([status, baton]).toEqual([200, null]);
    expect(results[0]!.response.result.rows).toEqual([
      [
        { type: "integer", value: "1" },
        { type: "text", value: "x" },
      ],
    ]);
    expect(await server.open()).toEqual([]);
    expect((await server.requests()).map(({ types }) => types)).toEqual([["execute", "close"]]);
  });

  test("a stream that holds nothing is kept by sqld, and closed by Turso Cloud", async () => {
    const { server, post } = await startWire({ profile });
    const { baton } = await post([execute("SELECT 1")]);
    expect(baton === null).toBe(isCloud);
    expect(await server.open()).toHaveLength(isCloud ? 0 : 1);
  });

  test("a transaction goes on by its baton, and each baton is good once", async () => {
    const { server, post } = await startWire({ profile });
    await post([TABLE, CLOSE]);
    const begun = await post([execute("BEGIN"), execute("INSERT INTO t VALUES (1, 2)"), AUTOCOMMIT]);
    expect(begun.results[2]!.response["is_autocommit"]).toBe(false);
    const seen = await post([execute("SELECT held FROM t")], begun.baton);
    expect(seen.results[0]!.response.result.rows).toHaveLength(1);
    const stale = await post([execute("SELECT 1")], begun.baton);
    expect(stale.status).toBe(isCloud ? 404 : 400);
    expect((await post([execute("COMMIT"), AUTOCOMMIT, CLOSE], seen.baton)).results[1]!.response["is_autocommit"]).toBe(
      true,
    );
    expect(await server.open()).toEqual([]);
  });

  test("a stream expires, is told apart from one that never was, and its transaction is rolled back", async () => {
    const { server, post } = await startWire({ profile, expirationMs: 50 });
    await post([TABLE, CLOSE]);
    const { baton } = await post([execute("BEGIN"), execute("INSERT INTO t VALUES (1, 2)")]);
    await sleep(120);
    const expired = await post([execute("COMMIT")], baton);
    expect([expired.status, expired.text.includes("STREAM_EXPIRED")]).toEqual(isCloud ? [404, false] : [400, true]);
    expect((await server.counts()).streamsExpired).toBeGreaterThanOrEqual(1);
    const { results } = await post([execute("SELECT * FROM t"), CLOSE]);
    expect(results[0]!.response.result.rows).toEqual([]);
    const restarted = await post([execute("BEGIN")]);
    await server.forgetStreams();
    expect((await post([execute("COMMIT")], restarted.baton)).status).toBe(isCloud ? 404 : 400);
  });

  test("a failed request does not stop the others, and a failed step only those that depend on it", async () => {
    const { post } = await startWire({ profile });
    const { results } = await post([
      execute("SELECT * FROM nowhere"),
      execute("SELECT 2"),
      {
        type: "batch",
        batch: {
          steps: [
            { stmt: { sql: "SELECT * FROM nowhere" } },
            { stmt: { sql: "SELECT 1" }, condition: { type: "ok", step: 0 } },
            { stmt: { sql: "SELECT 2" }, condition: { type: "not", cond: { type: "ok", step: 1 } } },
            { stmt: { sql: "SELECT 3" }, condition: { type: "or", conds: [] } },
            { stmt: { sql: "SELECT 4" }, condition: { type: "not", cond: { type: "is_autocommit" } } },
            { stmt: { sql: "SELECT 5" }, condition: { type: "error", step: 1 } },
          ],
        },
      },
      CLOSE,
    ]);
    expect(results.map(({ type }) => type)).toEqual(["error", "ok", "ok", "ok"]);
    const { step_results, step_errors } = results[2]!.response.result as unknown as Record<string, unknown[]>;
    expect(step_results!.map(Boolean)).toEqual([false, false, true, false, false, true]);
    expect(step_errors!.map(Boolean)).toEqual([true, false, false, false, false, false]);
  });

  test("a batch that does not parse is refused whole, before its first step", async () => {
    const { post } = await startWire({ profile });
    await post([TABLE, CLOSE]);
    const steps = [{ stmt: { sql: "INSERT INTO t VALUES (1, 2)" } }, { stmt: { sql: "SELEC" } }];
    const { results } = await post([{ type: "batch", batch: { steps } }, execute("SELECT * FROM t"), CLOSE]);
    expect(results[0]!.error.code).toBe("SQL_PARSE_ERROR");
    expect(results[1]!.response.result.rows).toEqual([]);
  });

  test("whoever waits for the write lock takes it from a transaction that is too old", async () => {
    const { server, post } = await startWire({ profile, txnTimeoutMs: 60 });
    await post([TABLE, CLOSE]);
    const old = await post([execute("BEGIN IMMEDIATE"), execute("INSERT INTO t VALUES (1, 'old')")]);
    const young = await post([execute("INSERT INTO t VALUES (2, 'young')"), CLOSE]);
    expect(young.results[0]!.type).toBe("ok");
    expect((await server.counts()).forcedRollbacks).toBe(1);
    const told = await post([execute("INSERT INTO t VALUES (3, 'late')"), AUTOCOMMIT], old.baton);
    expect(told.results[0]!.error.code).toBe("TRANSACTION_TIMEOUT");
    expect(told.results[1]!.response["is_autocommit"]).toBe(true);
    const { results } = await post([execute("SELECT id FROM t"), CLOSE]);
    expect(results[0]!.response.result.rows).toEqual([[{ type: "integer", value: "2" }]]);
  });

  test("a server that does not queue writers tells them that it is busy", async () => {
    const { post } = await startWire({ profile, busy: "fail" });
    const first = await post([execute("BEGIN IMMEDIATE")]);
    const { results } = await post([execute("BEGIN IMMEDIATE"), CLOSE]);
    expect(results[0]!.error.code).toBe("SQLITE_BUSY");
    await post([CLOSE], first.baton);
  });

  test("a cursor gives its baton first, then entries, then its end", async () => {
    const { post, cursor } = await startWire({ profile });
    const steps = [{ stmt: { sql: "SELECT 1 AS a UNION ALL SELECT 2" } }, { stmt: { sql: "SELECT * FROM nowhere" } }];
    const { lines } = await cursor({ steps });
    expect(lines[0]!["baton"]).toBeTypeOf("string");
    expect(lines.slice(1).map(({ type }) => type)).toEqual([
      "step_begin",
      "row",
      "row",
      "step_end",
      "step_error",
      "replication_index",
    ]);
    expect((await post([execute("SELECT 1"), CLOSE], lines[0]!["baton"] as string)).status).toBe(200);
  });

  test("values keep their types: integers as text, blobs without padding", async () => {
    const { post } = await startWire({ profile });
    const args = [
      { type: "integer", value: "9223372036854775807" },
      { type: "blob", base64: "AAE" },
      { type: "null" },
      { type: "float", value: 1 },
    ] as const;
    const { results } = await post([{ type: "execute", stmt: { sql: "SELECT ?, ?, ?, ?", args } }, CLOSE]);
    expect(results[0]!.response.result.rows).toEqual([args]);
    const named_args = [{ name: "a", value: args[0] }];
    const named = await post([
      { type: "execute", stmt: { sql: "SELECT :a", named_args } },
      { type: "execute", stmt: { sql: "SELECT ?" } },
      CLOSE,
    ]);
    expect(named.results[0]!.response.result.rows).toEqual([[args[0]]]);
    expect(named.results[1]!.error.code).toBe("ARGS_INVALID");
  });

  test("SQL texts are stored, described and forgotten", async () => {
    const { post } = await startWire({ profile });
    const store = { type: "store_sql", sql_id: 1, sql: "SELECT :a AS a" } as const;
    const { baton, results } = await post([store, { type: "describe", sql_id: 1 }]);
    expect(results[1]!.response.result).toMatchObject({
      params: [{ name: ":a" }],
      cols: [{ name: "a" }],
      is_readonly: true,
    });
    expect(baton).toBeTypeOf("string");
    expect((await post([store, CLOSE], baton)).status).toBe(isCloud ? 200 : 400);
  });

  test("a token that may only read may not write, and no token may do nothing", async () => {
    const { post } = await startWire({ profile, tokens: { good: "full", reader: "read-only" } });
    expect((await post([TABLE, CLOSE], null, undefined, "wrong")).status).toBe(401);
    expect((await post([TABLE, CLOSE], null, undefined, "good")).status).toBe(200);
    expect((await post([execute("SELECT * FROM t"), CLOSE], null, undefined, "reader")).status).toBe(200);
    expect((await post([execute("DELETE FROM t"), CLOSE], null, undefined, "reader")).status).toBe(403);
  });

  test("an answer that is too large is refused, and a cursor's may be as large as it likes", async () => {
    const { post, cursor } = await startWire({ profile, maxResponseBytes: 1_000 });
    const sql = "SELECT zeroblob(2000)";
    expect((await post([execute(sql), CLOSE])).results[0]!.error.code).toBe("RESPONSE_TOO_LARGE");
    expect((await cursor({ steps: [{ stmt: { sql } }] })).lines.at(-1)!["type"]).toBe("replication_index");
  });

  test("a server of before knows version 2 only", async () => {
    const { post } = await startWire({ profile, newest: "v2" });
    expect((await post([execute("SELECT 1"), CLOSE])).status).toBe(404);
    expect((await post([execute("SELECT 1"), CLOSE], null, "/v2/pipeline")).status).toBe(200);
    expect((await post([AUTOCOMMIT, CLOSE], null, "/v2/pipeline")).status).toBe(400);
  });

  test("faults happen as often as they were asked for, with nothing or everything executed", async () => {
    const { server, post } = await startWire({ profile });
    await post([TABLE, CLOSE]);
    await server.fail({ action: "drop-before", sql: "(1" });
    await expect(post([execute("INSERT INTO t VALUES (1, 0)"), CLOSE])).rejects.toThrow(TypeError);
    await server.fail({ action: "drop-after" });
    await expect(post([execute("INSERT INTO t VALUES (2, 0)"), CLOSE])).rejects.toThrow(TypeError);
    await server.fail({ action: "status", status: 503, body: "later", times: 2 });
    expect((await post([CLOSE])).status + (await post([CLOSE])).status).toBe(1006);
    const { results } = await post([execute("SELECT id FROM t"), CLOSE]);
    expect(results[0]!.response.result.rows).toEqual([[{ type: "integer", value: "2" }]]);
  });
});

test("sqld refuses what it does not support, and tells primary codes; Turso Cloud tells extended ones", async () => {
  const sql = execute("CREATE TEMP TABLE x (a)");
  const twice = [
    execute("CREATE TABLE t (a UNIQUE)"),
    execute("INSERT INTO t VALUES (1)"),
    execute("INSERT INTO t VALUES (1)"),
    CLOSE,
  ];
  const sqld = await startWire({ profile: "sqld" });
  expect((await sqld.post([sql, CLOSE])).results[0]!.error.message).toContain("unsupported statement");
  expect((await sqld.post(twice)).results[2]!.error).not.toHaveProperty("extended_code");
  const cloud = await startWire({ profile: "turso-cloud" });
  expect((await cloud.post(twice)).results[2]!.error).toMatchObject({
    code: "SQLITE_CONSTRAINT",
    extended_code: "SQLITE_CONSTRAINT_UNIQUE",
  });
  expect((await cloud.post([CLOSE, execute("SELECT 1")])).status).toBe(400);
});
