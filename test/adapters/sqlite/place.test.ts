// Statements that do nothing where they stand are refused there; whether they do, SQLite itself is asked.

import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/index.ts";
import type { StatementPlace } from "../../../src/contract/adapter.ts";
import { checkPlace } from "../../../src/adapters/sqlite/place.ts";
import { engine } from "../sql-js/target.ts";

function refusal(text: string, place: StatementPlace): string | undefined {
  try {
    checkPlace({ text }, place);
    return undefined;
  } catch (error) {
    if (!isDbError(error, "QUERY_FAILED")) throw error;
    expect(error.details).toMatchObject({ kind: "other", sql: text });
    return error.message;
  }
}

// One that it does not have by default, and that SQLite takes.
const VALUES: Readonly<Record<string, string>> = {
  auto_vacuum: "1",
  encoding: "'UTF-16le'",
  journal_mode: "OFF",
  locking_mode: "EXCLUSIVE",
  max_page_count: "77",
  page_size: "1024",
  secure_delete: "1",
  synchronous: "0",
  temp_store: "2",
};
/** What a pragma answers once it was set, in a transaction that has made a table, or outside of one. */
function settle(pragma: string, value: string, isInside: boolean): string {
  const db = new engine.Database();
  const ask = (sql: string): string => {
    try {
      return JSON.stringify(db.exec(sql));
    } catch (error) {
      return String(error);
    }
  };
  try {
    const tables = "CREATE TABLE t (a); CREATE TEMP TABLE scratch (a)";
    if (isInside) db.exec(`BEGIN; ${tables}`);
    const said = ask(`PRAGMA ${pragma} = ${value}`);
    ask(isInside ? "COMMIT" : tables);
    return /error/i.test(said) ? said : ask(`PRAGMA ${pragma}`);
  } finally {
    db.close();
  }
}

test("every pragma that SQLite ignores or refuses in a transaction is refused there, and no other", () => {
  const db = new engine.Database();
  const [list] = db.exec("PRAGMA pragma_list") as [{ values: [string][] }];
  db.close();
  // The first two are of the whole process, and would starve it; the next two give another answer to each database; the last
  // is of the transaction, and over with it.
  const apart = /heap_limit|^database_list|^schema_version|^defer_foreign_keys/;
  const pragmas = list.values.flat().filter((name) => !apart.test(name));
  expect(pragmas.length).toBeGreaterThan(60);
  for (const pragma of pragmas) {
    const values = VALUES[pragma] ? [VALUES[pragma]] : ["0", "1", "5000"];
    const isIgnored = values.some((value) => settle(pragma, value, true) !== settle(pragma, value, false));
    expect(refusal(`PRAGMA ${pragma} = ${values[0]}`, "transaction") !== undefined, pragma).toBe(isIgnored);
  }
});

test.each([
  "PRAGMA foreign_keys = OFF",
  "pragma Foreign_Keys(0)",
  ' ; -- x\n PRAGMA main."foreign_keys"=ON',
  "PRAGMA/**/[main].'foreign_keys'/**/=/**/0",
  "EXPLAIN PRAGMA foreign_keys = 0",
  "PRAGMA temp.journal_mode = wal",
  "PRAGMA wal_checkpoint",
  "PRAGMA wal_checkpoint(TRUNCATE)",
  "vacuum",
  "VACUUM main INTO 'x.db'",
])("in a transaction, %s is refused with the remedy", (text) => {
  expect(refusal(text, "transaction")).toMatch(/transaction: false/);
  expect(refusal(text, "session")).toBeUndefined();
  expect(refusal(text, "setup")).toBeUndefined();
});

test("the remedy for foreign keys is the option that turns them off", () => {
  expect(refusal("PRAGMA foreign_keys=0", "transaction")).toMatch(/`PRAGMA FOREIGN_KEYS`.*: .*`foreignKeys: "off"`/);
  expect(refusal("VACUUM", "transaction")).not.toMatch(/foreignKeys/);
});

describe("what only reads, or lasts, is done everywhere", () => {
  test.each([
    "PRAGMA foreign_keys",
    "PRAGMA journal_mode",
    "PRAGMA table_info(item)",
    "PRAGMA main.foreign_key_check",
    "PRAGMA foreign_key_list(item)",
    "PRAGMA user_version = 4",
    "PRAGMA optimize",
    "SELECT foreign_keys FROM pragma_foreign_keys",
    "CREATE TABLE vacuum (foreign_keys DEFAULT 'PRAGMA foreign_keys = 0')",
    "EXPLAIN SELECT 1",
  ])("%s", (text) => {
    for (const place of ["setup", "session", "transaction", "autocommit"] as const)
      expect(refusal(text, place)).toBeUndefined();
  });
});

test.each([
  "PRAGMA cache_size = 7",
  "PRAGMA defer_foreign_keys = ON",
  "PRAGMA 'case_sensitive_like'(1)",
  "ATTACH ':memory:' AS side",
  "DETACH side",
  "CREATE TEMP TABLE scratch (a)",
  'create view if not exists "temp".v as select 1',
])("alone, %s is refused with the remedy: nothing of it would last", (text) => {
  expect(refusal(text, "autocommit")).toMatch(/transaction: false.*setup/);
  for (const place of ["setup", "session", "transaction"] as const) expect(refusal(text, place)).toBeUndefined();
});
