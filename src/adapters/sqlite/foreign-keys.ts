import type { SqlValue } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";

/** Finds one row that refers to none, if there is one: its table, its row id and the table that it refers to. */
export const CHECK_KEYS = 'SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 1';

/**
 * The same, where rows are of no use: as an error, which keeps the steps behind it from being done. It names the row as a
 * path that JSON cannot have.
 */
export const FAIL_ON_BROKEN_KEY =
  "SELECT json_extract('{}', 'isopool|' || coalesce(rowid, '') || '|' || \"table\" || '|' || parent) FROM pragma_foreign_key_check LIMIT 1";

/** Fails where foreign keys are off. */
export const FAIL_WITHOUT_KEYS = "SELECT abs(-9223372036854775807 - 1) FROM pragma_foreign_keys WHERE NOT foreign_keys";

/** A row of `CHECK_KEYS`; a table WITHOUT ROWID has no row id. */
export type BrokenKey = [table: SqlValue, rowid: SqlValue, parent: SqlValue];

/** The refusal of a commit for a row that was left without what it refers to, while foreign keys were off. */
export function brokenKey(...[table, rowid, parent]: BrokenKey): DbError<"QUERY_FAILED"> {
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

/** The same of the error of `FAIL_ON_BROKEN_KEY`; `undefined`: it is another one. */
export function toBrokenKey(message: string): DbError | undefined {
  const [, rowid, table, parent] =
    /isopool\|(\d*)\|(.*)\|(.*)'/.exec(message)?.map((part) => part.replaceAll("''", "'")) ?? [];
  return table === undefined ? undefined : brokenKey(table, rowid || null, parent!);
}
