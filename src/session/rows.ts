import type { RawResult, Result, Row, RowBatch, SqlValue } from "../contract/statement.ts";
import { DbError } from "../errors.ts";

/** Rows as plain objects, keys in column order. */
export function toRows<R = Row>({ columns, rows }: RowBatch): R[] {
  if (rows.length === 0) return [];
  refuseDuplicates(columns);
  return rows.map((row) => toRow(columns, row) as R);
}

export function toResult<R = Row>(raw: RawResult): Result<R> {
  const result = { rows: toRows<R>(raw), columns: [...raw.columns], rowsAffected: raw.rowsAffected };
  return raw.lastInsertRowid === undefined ? result : { ...result, lastInsertRowid: raw.lastInsertRowid };
}

function toRow(columns: readonly string[], values: readonly SqlValue[]): Row {
  const row: Row = {};
  for (let index = 0; index < columns.length; index++) {
    const name = columns[index]!;
    // A column named __proto__ would set the prototype instead of a key.
    if (name === "__proto__") Object.defineProperty(row, name, { value: values[index], enumerable: true, writable: true, configurable: true });
    else row[name] = values[index]!;
  }
  return row;
}

// Two columns of one name cannot both be keys; to keep one of them silently would lose the other.
function refuseDuplicates(columns: readonly string[]): void {
  const names = columns.filter((name, index) => columns.indexOf(name) !== index);
  if (names.length === 0) return;
  throw new DbError(
    "QUERY_FAILED",
    `several columns are named \`${[...new Set(names)].join("`, `")}\`: name them apart with AS, or read arrays with .values()`,
    { kind: "other", sql: "", dialectCode: undefined },
    { outcome: "executed" },
  );
}
