// What goes into @libsql/client, and what comes out of it.

import type { RawResult, SqlValue, Statement } from "../../contract/statement.ts";
import { scan } from "../sqlite/scan.ts";
import type { ClientResult, ClientStatement, ClientValue } from "./client-driver.ts";
import { bind, toInteger } from "./values.ts";

export function toClient(statement: Statement): ClientStatement {
  return bind(statement) as ClientStatement;
}

export function toResult(
  { columns, rows, rowsAffected: affected, lastInsertRowid: rowid }: ClientResult,
  text: string,
): RawResult {
  const { isWrite, verb } = scan(text);
  const rowsAffected = isWrite ? affected : 0;
  const result = { columns, rows: rows.map((row) => columns.map((_, index) => toValue(row[index]!))), rowsAffected };
  return rowsAffected > 0 && /^INS|^REP/.test(verb) && rowid !== undefined
    ? { ...result, lastInsertRowid: toInteger(rowid) }
    : result;
}

function toValue(value: ClientValue): SqlValue {
  if (typeof value === "bigint") return toInteger(value);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}
