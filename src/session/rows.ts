import type { RawResult, Result, Row, RowBatch, SqlValue } from "../contract/statement.ts";
import { DbError, isDbError, type Outcome } from "../errors.ts";
import type { Finish } from "./finish.ts";

/** Rows as plain objects, keys in column order.
 *  @param texts - the statement, in pieces between its values: for the error. */
export function toRows<R = Row>({ columns, rows }: RowBatch, texts: readonly string[] = []): R[] {
  // Two columns of one name cannot both be keys; to keep one of them silently would lose the other.
  const name = rows.length > 0 && columns.length > 1 && columns.find((each, index) => columns.indexOf(each) !== index);
  if (typeof name === "string") throw equalNames(name, texts.join("?"), "executed");
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

/** The refusal of rows that cannot be objects. */
export function equalNames(name: string, sql: string, outcome: Outcome): DbError<"QUERY_FAILED"> {
  const message = `several columns are named \`${name}\`: name them apart with AS, or read arrays with raw() or .values()`;
  return new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined }, { outcome });
}

export function toResult<R = Row>(raw: RawResult, texts?: readonly string[]): Result<R> {
  return copyOf(raw, toRows<R>(raw, texts));
}

/** The results of a list, their rows as objects. */
export const toResults: Finish<Result[]> = (results, _link, { statements }) =>
  results.map((raw, index) => {
    try {
      return toResult(raw, [statements[index]!.text]);
    } catch (error) {
      throw named(error, "batch", index, statements.length);
    }
  });

/** Of a text that is cut into statements: nothing comes back. */
export const toNothing: Finish<void> = () => undefined;

/** A result as the adapter has it, without what it shares with others. */
export function toRaw(raw: RawResult): RawResult {
  return raw.isLate ? raw : { ...raw, columns: raw.columns.slice() };
}

function copyOf<R>(raw: RawResult, rows: R[]): Result<R> {
  // What it does not know yet is asked for when somebody looks.
  if (raw.isLate) return raw as unknown as Result<R>;
  const { columns, rowsAffected, lastInsertRowid } = raw;
  // Written out: to spread one into the other costs as much as a query.
  return lastInsertRowid === undefined
    ? { rows, columns: columns.slice(), rowsAffected }
    : { rows, columns: columns.slice(), rowsAffected, lastInsertRowid };
}

/** In a list, the error must say which statement it was. */
export function named(error: unknown, kind: string, statementIndex: number, length: number): unknown {
  if (!isDbError(error, "QUERY_FAILED") || length < 2 || statementIndex >= length) return error;
  const message = `statement ${statementIndex + 1} of ${length} in the ${kind}: ${error.message.slice(error.code.length + 2)}`;
  return new DbError(error.code, message, { ...error.details, statementIndex }, error);
}
