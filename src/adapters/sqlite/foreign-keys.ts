import type { SqlValue } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";

/** Finds one row that refers to none, if there is one: its table, its row id and the table that it refers to. */
export const CHECK_KEYS = 'SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 1';

/** A row of `CHECK_KEYS`; a table WITHOUT ROWID has no row id. */
export type BrokenKey = [table: SqlValue, rowid: SqlValue, parent: SqlValue];

/** The refusal of a commit for a row that was left without what it refers to, while foreign keys were off. */
export function brokenKey(...[table, rowid, parent]: BrokenKey): DbError {
  const row = rowid === null ? "a row" : `row ${String(rowid)}`;
  return new DbError(
    "QUERY_FAILED",
    `not committed: ${row} of \`${String(table)}\` refers to no row of \`${String(parent)}\` (PRAGMA foreign_key_check)`,
    {
      kind: "foreign-key",
      sql: "commit",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY",
      table: String(table),
    },
  );
}
