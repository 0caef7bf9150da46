// What goes into @libsql/client, and what comes out of it.

import type { RawResult, SqlValue, Statement } from "../../contract/statement.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import { scan } from "../sqlite/scan.ts";
import { tagOf } from "../shared/refusal.ts";
import type { ClientResult, ClientStatement, ClientValue, LibsqlClient } from "./client-driver.ts";
import type { Stored } from "../sqlite/values.ts";
import { bind, toBase64, toInteger } from "./values.ts";

// To a client of another realm (a vm, a test environment), bytes of this one are no bytes: it would send their toString(). They
// go in as text that nobody else can write, and are made bytes again on their way out.
let mark: string | undefined;

export function toClient(client: LibsqlClient, statement: Statement): ClientStatement {
  const { sql, args } = bind(statement);
  const isForeign = !(client instanceof Object);
  const toBytes = (value: Stored): ClientValue => {
    if (tagOf(value) !== "Uint8Array") return value;
    if (isForeign) return (mark ??= `isopool-bytes-${crypto.randomUUID()}-`) + toBase64(value as Uint8Array);
    return value instanceof Uint8Array ? value : new Uint8Array(value as unknown as Uint8Array);
  };
  return {
    sql,
    args: Array.isArray(args)
      ? (args as Stored[]).map(toBytes)
      : Object.fromEntries(
          Object.entries(args as Record<string, Stored>).map(([name, value]) => [name, toBytes(value)]),
        ),
  };
}

/** A request's body, with what `toClient()` wrote as text made bytes again. */
export function restoreBytes(body: string): string {
  if (!mark || !body.includes(mark)) return body;
  return body.replace(new RegExp(`"type":"text","value":"${mark}([^"]*)"`, "g"), '"type":"blob","base64":"$1"');
}

/** An answer as the client can read it: the protocol writes an infinity as null, at which it throws what was done away. */
export function readable(answer: unknown): string {
  return JSON.stringify(answer).replaceAll('"type":"float","value":null', '"type":"float","value":1e999');
}

export function toResult(
  { columns, rows, rowsAffected: affected, lastInsertRowid: rowid }: ClientResult,
  text: string,
): RawResult {
  const { isWrite } = scan(text);
  const rowsAffected = isWrite ? affected : 0;
  const result = { columns, rows: rows.map((row) => columns.map((_, index) => toValue(row[index]!))), rowsAffected };
  return rowsAffected > 0 && hasOwnRowid(text) && rowid !== undefined
    ? { ...result, lastInsertRowid: toInteger(rowid) }
    : result;
}

function toValue(value: ClientValue): SqlValue {
  if (typeof value === "bigint") return toInteger(value);
  // Its sign is not known.
  if (value === Infinity) return NaN;
  // Of the client's realm.
  return typeof value === "object" && value ? new Uint8Array(value) : value;
}
