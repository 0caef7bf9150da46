import initSqlJs from "sql.js";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import type { SqlJsDatabase, SqlJsStatement, SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import type { Dialect, Target } from "../../kit/adapter-contract.ts";

/** The real sql.js, as an application has it. */
export const engine: SqlJsStatic = await initSqlJs({ useOldExtensionFunctions: false } as object);

/** The same, and it counts what is open: databases, and statements that were prepared and not freed. */
export function countedEngine(): SqlJsStatic & { databases: Set<object>; statements: Set<object> } {
  const databases = new Set<object>();
  const statements = new Set<object>();
  class Counted extends engine.Database {
    constructor(image?: Uint8Array) {
      super(image);
      databases.add(this);
    }
    override prepare(sql: string): SqlJsStatement {
      const statement = super.prepare(sql);
      const free = statement.free.bind(statement);
      statements.add(statement);
      statement.free = () => statements.delete(statement) && free();
      return statement;
    }
    override close(): void {
      databases.delete(this);
      super.close();
    }
  }
  return { Database: Counted, databases, statements };
}

/** The dialect of SQLite, as far as no transport changes it. */
export const sqliteDialect: Omit<Dialect, "kill"> = {
  tables: [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL NOT NULL CHECK (price >= 0))",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
  ],
  values: [
    { name: "null", column: "", value: null },
    { name: "text", column: "TEXT", value: "naïve 🦆 'quoted' \"twice\"\n" },
    { name: "text with a NUL", column: "TEXT", value: "a\0b" },
    { name: "empty text", column: "TEXT", value: "" },
    { name: "an integer", column: "", value: 42 },
    { name: "beyond 31 bits", column: "", value: 2 ** 31 },
    { name: "below -31 bits", column: "", value: -(2 ** 31) - 1 },
    { name: "2^53-1", column: "", value: Number.MAX_SAFE_INTEGER },
    { name: "2^53-1 in an INTEGER column", column: "INTEGER", value: Number.MAX_SAFE_INTEGER },
    { name: "a small bigint", column: "", value: 5n, back: 5 },
    { name: "a bigint that a number holds", column: "", value: 2n ** 40n, back: 2 ** 40 },
    { name: "2^53", column: "", value: 2n ** 53n },
    { name: "the largest integer", column: "", value: 2n ** 63n - 1n },
    { name: "the smallest integer", column: "INTEGER", value: -(2n ** 63n) },
    { name: "a fraction", column: "", value: 0.1 },
    { name: "a large number", column: "", value: 1.5e300 },
    { name: "a whole number beyond 2^53", column: "", value: 2 ** 60 },
    { name: "true", column: "", value: true, back: 1 },
    { name: "false", column: "INTEGER", value: false, back: 0 },
    { name: "a Date", column: "TEXT", value: new Date(1_767_323_045_678), back: "2026-01-02T03:04:05.678Z" },
    { name: "bytes", column: "BLOB", value: Uint8Array.of(0, 1, 255, 0) },
    { name: "no bytes", column: "BLOB", value: new Uint8Array(0) },
  ],
  isInteger: (placeholder) => `SELECT typeof(${placeholder}) = 'integer'`,
  named: true,
  hasRowids: true,
  refused: [
    NaN,
    Infinity,
    -Infinity,
    2n ** 63n,
    -(2n ** 63n) - 1n,
    new Date(NaN),
    new ArrayBuffer(2),
    new Float64Array(1),
  ],
  failures: [
    {
      name: "a key twice",
      statement: { text: "INSERT INTO parent VALUES (1, ?, 1)", params: ["hidden-name"] },
      kind: "unique",
      dialectCode: "SQLITE_CONSTRAINT",
      secret: "hidden-name",
    },
    { name: "unique", statement: { text: "INSERT INTO parent VALUES (2, 'Ada', 1)" }, kind: "unique" },
    { name: "not null", statement: { text: "INSERT INTO parent VALUES (2, NULL, 1)" }, kind: "not-null" },
    {
      name: "check",
      statement: { text: "INSERT INTO parent VALUES (2, 'Bob', ?)", params: [-12345] },
      kind: "check",
      secret: "12345",
    },
    { name: "foreign key", statement: { text: "INSERT INTO child VALUES (1, 99)" }, kind: "foreign-key" },
    {
      name: "syntax",
      statement: { text: "SELECT from_x FROM FROM t" },
      kind: "syntax",
      position: 19,
      dialectCode: "SQLITE_ERROR",
    },
    { name: "the same token before", statement: { text: "SELECT 1, 2, (3), , 4" }, kind: "syntax", position: 18 },
    { name: "an end too early", statement: { text: "SELECT 1 FROM" }, kind: "syntax", position: 13 },
    { name: "an open quote", statement: { text: "SELECT 'abc" }, kind: "syntax", position: 7 },
    { name: "no such table", statement: { text: "SELECT * FROM nowhere" }, kind: "other" },
    {
      name: "a path that is echoed",
      statement: { text: "SELECT json_extract('{}', ?)", params: ["hid'den"] },
      kind: "other",
      secret: "den",
    },
  ],
  losing: { text: "INSERT OR ROLLBACK INTO parent VALUES (1, 'Eve', 1)" },
  leftovers: [
    {
      name: "a temporary table",
      leave: ["CREATE TEMP TABLE left_over AS SELECT 1 AS n"],
      look: "SELECT n FROM left_over",
    },
    {
      name: "temp.name",
      leave: ["create table if not exists temp.named (n)"],
      look: "SELECT 1 FROM temp.sqlite_schema WHERE name = 'named'",
    },
    {
      name: "a pragma",
      leave: ["PRAGMA foreign_keys = OFF"],
      look: "SELECT NOT foreign_keys FROM pragma_foreign_keys",
    },
    {
      name: "a pragma in a call",
      leave: ["PRAGMA main.cache_size(77)"],
      look: "SELECT cache_size = 77 FROM pragma_cache_size",
    },
    {
      name: "an attached database",
      leave: ["ATTACH ':memory:' AS side"],
      look: "SELECT 1 FROM pragma_database_list WHERE name = 'side'",
    },
  ],
  harmless: [
    "PRAGMA foreign_keys",
    "PRAGMA table_info(parent)",
    "PRAGMA main.user_version = 3",
    "PRAGMA integrity_check(1)",
    "VACUUM",
    "ANALYZE",
  ],
  numbers: (count) =>
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n FROM numbers LIMIT ${count}`,
};

export const target: Target = {
  dialect: { ...sqliteDialect, kill: ({ raw }) => (raw as SqlJsDatabase).close() },
  make: () => {
    const counted = countedEngine();
    const url = "sqljs:memory";
    return {
      factory: sqlJs({ sqlJs: counted }),
      url,
      leaks: () => Array.from(counted.statements, () => "a prepared statement"),
      dispose: () => {
        if (counted.databases.size > 0) throw new Error("an engine is left open");
      },
    };
  },
};
