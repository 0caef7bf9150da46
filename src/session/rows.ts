import type { RawResult, Result, Row, RowBatch, SqlValue } from "../contract/statement.ts";
import { DbError } from "../errors.ts";

/** Rows as plain objects, keys in column order.
 *  @param texts - the statement, in pieces between its values: for the error. */
export function toRows<R = Row>({ columns, rows }: RowBatch, texts: readonly string[] = []): R[] {
  // Two columns of one name cannot both be keys; to keep one of them silently would lose the other.
  const name = rows.length > 0 && columns.length > 1 && columns.find((each, index) => columns.indexOf(each) !== index);
  if (typeof name === "string") {
    const message = `several columns are named \`${name}\`: rename them with AS, or read arrays with .values()`;
    throw new DbError(
      "QUERY_FAILED",
      message,
      { kind: "other", sql: texts.join("?"), dialectCode: undefined },
      { outcome: "executed" },
    );
  }
  return rows.map((values) => toRow(columns, values) as R);
}

function toRow(columns: readonly string[], values: readonly SqlValue[]): Row {
  const row: Row = {};
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index]!;
    const value = values[index]!;
    // A column named __proto__ would set the prototype instead of a key.
    if (column === "__proto__")
      Object.defineProperty(row, column, { value, enumerable: true, writable: true, configurable: true });
    else row[column] = value;
  }
  return row;
}

export function toResult<R = Row>(raw: RawResult, texts?: readonly string[]): Result<R> {
  const { columns, rowsAffected, lastInsertRowid } = raw;
  const rows = toRows<R>(raw, texts);
  // Written out: to spread one into the other costs as much as a query.
  return lastInsertRowid === undefined
    ? { rows, columns: columns.slice(), rowsAffected }
    : { rows, columns: columns.slice(), rowsAffected, lastInsertRowid };
}
