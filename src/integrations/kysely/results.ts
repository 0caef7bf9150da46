import type { CompiledQuery, QueryResult } from "kysely";
import type { Dialect, RawResult, SqlValue } from "../../index.ts";

const WRITES = /^(?:Insert|Update|Delete|Merge)(?:QueryNode)?$/i;

export function toQueryResult<R>(
  { query }: CompiledQuery,
  { rows, columns, rowsAffected, lastInsertRowid, command }: RawResult,
): QueryResult<R> {
  // What a text was, PostgreSQL says; on SQLite, one that gives no columns was no query.
  const isText = command === undefined && query.kind === "RawNode";
  const isWrite = isText ? columns.length === 0 : WRITES.test(command ?? query.kind);
  return {
    rows: toObjects<R>({ columns, rows }),
    ...(isWrite && { numAffectedRows: BigInt(rowsAffected) }),
    ...(isWrite && lastInsertRowid !== undefined && { insertId: BigInt(lastInsertRowid) }),
  };
}

/** Of two columns with one name the last one stays, as with all of Kysely's own drivers. */
export function toObjects<R>({ columns, rows }: Pick<RawResult, "columns" | "rows">): R[] {
  return rows.map((row) => toObject(columns, row) as R);
}

function toObject(columns: readonly string[], row: readonly SqlValue[]): object {
  const object: Record<string, SqlValue> = {};
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index]!;
    const value = row[index]!;
    // A column named __proto__ would set the prototype instead of a key.
    if (column === "__proto__")
      Object.defineProperty(object, column, { value, enumerable: true, writable: true, configurable: true });
    else object[column] = value;
  }
  return object;
}

/** The values as the driver binds them that Kysely's users know: `undefined` is null, and what is no value of PostgreSQL's is JSON. */
export function toParams({ parameters }: CompiledQuery, kind: Dialect): SqlValue[] {
  return parameters.map((value) => {
    if (value === undefined) return null;
    const isObject = kind === "postgres" && typeof value === "object" && value !== null;
    return isObject && isForeign(value) ? JSON.stringify(value) : (value as SqlValue);
  });
}

/** An instance of a class that isopool does not bind. */
function isForeign(value: object): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Date) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}
