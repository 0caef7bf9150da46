// Our own server answers as a real sqld does: the same requests, sent to both, are answered with the same words.

import { describe, expect, test } from "vitest";
import { ensureSqld } from "../../setup/ensure-sqld.mjs";
import type { LibsqlServerOptions } from "./libsql-server.ts";
import { AUTOCOMMIT, CLOSE, execute, startWire, type Wire } from "./wire-client.ts";
import type { WireBatch, WireRequest, WireStatement } from "./wire.ts";

const program = await ensureSqld();

const TABLES = [
  "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL NOT NULL CHECK (price >= 0))",
  "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE strict (a INT) STRICT",
  "INSERT INTO parent VALUES (1, 'Ada', 1)",
];

const texts: Readonly<Record<string, readonly string[]>> = {
  "what runs": [
    "INSERT INTO parent VALUES (5, 'five', 5) RETURNING id, name",
    "UPDATE parent SET price = 2 WHERE id = 5",
    "UPDATE parent SET price = 2 WHERE id = 500",
    "DELETE FROM parent WHERE id = 5",
    "REPLACE INTO parent VALUES (6, 's', 1)",
    "INSERT OR IGNORE INTO parent VALUES (6, 's', 1)",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "WITH a AS (SELECT 77) INSERT INTO parent SELECT 77, 'w', 1 FROM a",
    "VALUES (1, 2), (3, 4)",
    "SELECT 1.0, 2.5, 1e300, x'00ff', NULL, 'é', 9223372036854775807, -9223372036854775808",
    "SELECT 1 AS a, 2 AS a",
    "ALTER TABLE parent ADD COLUMN more TEXT DEFAULT 'x'",
    "SELECT * FROM parent",
    "CREATE VIEW v AS SELECT 1 AS a",
    "SELECT * FROM v",
    "CREATE TRIGGER tr AFTER INSERT ON parent BEGIN SELECT 1; END",
    "DROP TRIGGER tr",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    "INSERT INTO f VALUES ('x')",
    "CREATE TABLE IF NOT EXISTS parent(a)",
    "EXPLAIN QUERY PLAN SELECT * FROM parent",
    "SELECT last_insert_rowid(), changes()",
    "  SELECT   1  ;  ",
    "SELECT 1;;",
    "/* c */ SELECT 1",
    "SELECT /* c */ 1 -- e",
    "SELECT 'a' 'b'",
    "SELECT 1 IN ()",
    "ANALYZE",
    "REINDEX",
  ],
  "transactions and savepoints": [
    ...["COMMIT", "ROLLBACK", "RELEASE a", "ROLLBACK TO a", "SAVEPOINT a", "RELEASE a"],
    ...["BEGIN", "BEGIN", "ROLLBACK", "END", "BEGIN IMMEDIATE", "COMMIT", "BEGIN EXCLUSIVE", "COMMIT TRANSACTION"],
    ...["BEGIN READONLY", "ROLLBACK", "BEGIN CONCURRENT", "BEGIN DEFERRED TRANSACTION", 'SAVEPOINT "a b"'],
    ...['ROLLBACK TRANSACTION TO SAVEPOINT "a b"', 'RELEASE SAVEPOINT "a b"', "ROLLBACK TRANSACTION"],
    "INSERT INTO child VALUES (1, 99)",
    "BEGIN",
    "INSERT INTO child VALUES (1, 99)",
    "COMMIT",
    "INSERT OR ROLLBACK INTO parent VALUES (1, 'twice', 1)",
    "ROLLBACK",
  ],
  pragmas: [
    ...["foreign_keys", "foreign_keys = OFF", "foreign_keys", "table_info(parent)", "user_version", "user_version = 3"],
    ...["cache_size", "cache_size = 5", "journal_mode", "journal_mode = wal", "main.foreign_keys", "nonsense"],
    ...["query_only", "integrity_check(1)", "defer_foreign_keys = ON", "foreign_key_check"],
  ].map((text) => `PRAGMA ${text}`),
  "what is not supported": [
    ...["VACUUM", "ATTACH ':memory:' AS x", "DETACH x", "CREATE TEMP TABLE x(a)", "SELECT load_extension('x')"],
  ],
  "what cannot be read": [
    ...["", "-- x", "SELECT 1; SELECT 2", "SELEC 1", "SELECT 1 FROM", "SELECT from_x FROM FROM t", "explain"],
    ...["SELECT 1, 2, (3), , 4", "SELECT 'abc", 'SELECT "abc', "SELECT [abc", "SELECT `abc", "SELECT a'b", "SELECT @"],
    ...["SELECT #", "SELECT 1 1", "select * from parent where", "delete from", "SELECT 1 UNION ALL", "BEGIN x"],
    ...["CREATE TABLE t2 (a STRICT", "SELECT *\nFROM FROM t", "SELECT 1,\n  2 +\n  )", "SELECT é FROM FROM x"],
    ...[
      "INSERT INTO t(a,) VALUES (1)",
      "SELECT NULL NULL",
      'SELECT "a" "b" "c"',
      "SELECT 1 LIMIT LIMIT",
      "DROP TABL x",
    ],
    ...["ALTER TABLE x RENAMED", "SELECT max(", "SELECT 1 ^ 2", "SELECT {x}", "SELECT a.b.c.d", "SELECT 1 AS select"],
  ],
  "what fails": [
    "SELECT * FROM nowhere",
    "SELECT nocol FROM parent",
    "SELECT foo(1)",
    "SELECT count(1, 2, 3)",
    "INSERT INTO parent VALUES (1, 'x', 1)",
    "INSERT INTO parent VALUES (2, 'Ada', 1)",
    "INSERT INTO parent VALUES (2, NULL, 1)",
    "INSERT INTO parent VALUES (2, 'B', -1)",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO parent (id, nocol) VALUES (1, 2)",
    "INSERT INTO parent DEFAULT VALUES",
    "UPDATE parent SET name = NULL",
    "INSERT INTO child VALUES (1, 99)",
    "INSERT INTO strict VALUES ('x')",
    "SELECT json_extract('{}', 'x')",
    "SELECT abs(-9223372036854775808)",
    "SELECT raise(abort, 'x')",
    "create table parent (a)",
    "drop table nowhere",
    "EXPLAIN SELECT 1 FROM nowhere",
    "SELECT * FROM parent, nowhere",
    "SELECT ?1, ?2",
    "SELECT :a",
  ],
};

const step = (sql: string, condition?: object): WireBatch["steps"][number] =>
  ({ stmt: { sql }, condition }) as WireBatch["steps"][number];
const batch = (...steps: WireBatch["steps"]): WireRequest => ({ type: "batch", batch: { steps } });
const bound = (sql: string, rest: Partial<WireStatement>): WireRequest => ({ type: "execute", stmt: { sql, ...rest } });
const one = { type: "integer", value: "1" } as const;

/** Requests that are sent one after another on one stream. */
const pipelines: readonly WireRequest[][] = [
  [bound("SELECT ?, ?", { args: [one] })],
  [bound("SELECT ?", { args: [one, one] })],
  [bound("SELECT :a, :b", { named_args: [{ name: "a", value: one }] })],
  [bound("SELECT :a", { named_args: [{ name: "zz", value: one }] })],
  [
    bound("SELECT ?", { args: [{ type: "float", value: 1 }] }),
    bound("SELECT ?", { args: [{ type: "blob", base64: "AAE=" }] }),
  ],
  [
    batch(
      step("SELECT 1"),
      step("SELECT * FROM nowhere"),
      step("SELECT 2", { type: "ok", step: 1 }),
      step("SELECT 3", { type: "not", cond: { type: "ok", step: 1 } }),
    ),
  ],
  [batch(step("INSERT INTO child VALUES (10, NULL)"), step("SELEC")), execute("SELECT count(*) FROM child")],
  [
    batch(
      step("BEGIN"),
      step("INSERT OR ROLLBACK INTO parent (id, name, price) VALUES (1, 'z', 1)"),
      step("SELECT 4", { type: "not", cond: { type: "is_autocommit" } }),
    ),
    AUTOCOMMIT,
  ],
  [batch(step("SELECT 1", { type: "and", conds: [] })), batch(step("SELECT 1", { type: "or", conds: [] }))],
  [batch(step("SELEC", { type: "or", conds: [] })), batch(step("ATTACH 'x' AS y", { type: "or", conds: [] }))],
  [
    { type: "describe", sql: "SELECT :a, ? FROM parent" },
    { type: "describe", sql: "INSERT INTO parent (id) VALUES (?2)" },
  ],
  [
    {
      type: "sequence",
      sql: "SELECT 1; INSERT INTO child VALUES (50, NULL); SELECT * FROM nowhere; INSERT INTO child VALUES (51, NULL)",
    },
  ],
  [
    { type: "store_sql", sql_id: 1, sql: "SELECT 5" },
    { type: "execute", stmt: { sql_id: 1 } },
    { type: "close_sql", sql_id: 1 },
    { type: "close_sql", sql_id: 1 },
  ],
  [execute("SELECT 1"), CLOSE],
];

/** Each on a stream of its own, which does not outlive it. */
const broken: readonly WireRequest[][] = [
  [{ type: "execute", stmt: { sql_id: 9 } }],
  [{ type: "execute", stmt: {} }],
  [{ type: "execute", stmt: { sql: "SELECT 1", sql_id: 1 } }],
  [
    { type: "store_sql", sql_id: 1, sql: "a" },
    { type: "store_sql", sql_id: 1, sql: "a" },
  ],
  [CLOSE, execute("SELECT 1")],
  [batch(step("SELECT 1", { type: "ok", step: 3 }))],
];

const cursors: readonly WireBatch[] = [
  {
    steps: [
      step("SELECT 1 AS a UNION ALL SELECT 2"),
      step("SELECT * FROM nowhere"),
      step("SELECT 3", { type: "ok", step: 1 }),
      step("INSERT INTO child VALUES (900, NULL)"),
    ],
  },
  { steps: [step("SELECT 1"), step("SELEC")] },
  { steps: [] },
  { steps: [step("BEGIN"), step("SELECT 1"), step("INSERT INTO child VALUES (901, NULL) RETURNING id")] },
];

/** What measures, or is different each time. */
const APART = /^(rows_read|rows_written|query_duration_ms|replication_index|baton)$/;

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (APART.test(key) ? [] : [[key, plain(inner)]])),
  );
}

async function startBoth(): Promise<readonly [ours: Wire, real: Wire]> {
  const start = async (options: LibsqlServerOptions): Promise<Wire> => {
    const wire = await startWire(options);
    await wire.post([...TABLES.map(execute), CLOSE]);
    return wire;
  };
  return [await start({ profile: "sqld" }), await start({ program: program! })];
}

/** Sends requests one after another on one stream. */
async function play({ post }: Wire, parts: readonly WireRequest[][], isOneStream = true): Promise<unknown[]> {
  const told: unknown[] = [];
  let baton: string | null = null;
  for (const part of parts) {
    const { status, text, results, baton: next } = await post(part, isOneStream ? baton : null);
    told.push([part, status === 200 ? plain(results) : [status, text]]);
    baton = next ?? null;
  }
  return told;
}

describe.skipIf(program === undefined)("our own server and a real sqld say the same", () => {
  test.each(Object.entries(texts))("of %s", async (_, list) => {
    const parts = list.map((sql) => [execute(sql), AUTOCOMMIT]);
    const [ours, real] = await startBoth();
    expect(await play(ours, parts)).toEqual(await play(real, parts));
  });

  test("of pipelines, and of what breaks the protocol", async () => {
    const [ours, real] = await startBoth();
    expect(await play(ours, pipelines)).toEqual(await play(real, pipelines));
    expect(await play(ours, broken, false)).toEqual(await play(real, broken, false));
  });

  test("of cursors", async () => {
    const [ours, real] = await startBoth();
    for (const each of cursors) {
      const [told, wanted] = [await ours.cursor(each), await real.cursor(each)];
      expect([each, told.status, plain(told.lines)]).toEqual([each, wanted.status, plain(wanted.lines)]);
    }
  });

  test("of paths, methods and batons", async () => {
    const ask = async ({ server, post }: Wire): Promise<unknown[]> => {
      const told: unknown[] = [];
      for (const [method, path] of [
        ...["/", "/health", "/v2", "/v3", "/v3/pipeline", "/v4/pipeline"].map((path) => ["GET", path] as const),
        ["POST", "/v4/pipeline"] as const,
      ]) {
        const response = await fetch(server.url + path, { method });
        told.push([method, path, response.status, await response.text()]);
      }
      const { baton } = await post([execute("BEGIN")]);
      const next = await post([execute("SELECT 1")], baton);
      const batons = [baton, "x", Buffer.alloc(48, 1).toString("base64"), next.baton];
      for (const each of batons) {
        const { status, text } = await post([CLOSE], each);
        told.push([status, status === 200 ? "" : text]);
      }
      await server.expireStreams();
      return told;
    };
    const [ours, real] = await startBoth();
    expect(await ask(ours)).toEqual(await ask(real));
  });
});
