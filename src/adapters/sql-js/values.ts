import type { SqlValue, Statement } from "../../contract/statement.ts";
import { arrange } from "../sqlite/parameters.ts";
import type { Scan } from "../sqlite/scan.ts";
import { tagOf } from "../shared/refusal.ts";
import { isWellFormed } from "../shared/well-formed.ts";
import { unstorable } from "../sqlite/storable.ts";
import type { DriverValue, SqlJsStatement } from "./driver.ts";

/**
 * A statement's values as sql.js binds them, in order; a `bigint` among them is an integer that sql.js cannot bind as one.
 *
 * @throws DbError `QUERY_FAILED` of kind `parameter` or `syntax`; no value is shown.
 */
export function encode(scan: Scan, statement: Statement): DriverValue[] {
  const values = arrange(scan, statement);
  let encoded = values as DriverValue[];
  for (let slot = 0; slot < values.length; slot++) {
    const value = values[slot]!;
    // What binds as it is comes first: it is nearly all there is.
    if (value === null || (typeof value === "string" && isWellFormed(value))) continue;
    if (typeof value === "number" && value === (value | 0)) continue;
    if (encoded === values) encoded = [...encoded];
    const code = encodeValue(value, tagOf(value));
    if (code === undefined) throw unstorable(value, slot, scan, statement.text);
    encoded[slot] = code;
  }
  return encoded;
}

function encodeValue(value: SqlValue, tag: string): DriverValue | undefined {
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? BigInt(value) : Number.isFinite(value) ? value : undefined;
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value)
    return BigInt.asIntN(32, value) === value ? Number(value) : value;
  if (typeof value === "boolean" || tag === "Uint8Array") return value as DriverValue;
  return tag === "Date" && !Number.isNaN(Number(value)) ? (value as Date).toISOString() : undefined;
}

/**
 * The text in which integers beyond 32 bits are integers.
 *
 * sql.js binds them as REAL (number) or as TEXT (bigint), so their digits go in as text and are cast; the plus takes the
 * cast's affinity away, for comparisons to be those of a bound integer.
 */
export function widen(text: string, { places }: Scan, values: readonly DriverValue[]): string {
  let wide = "";
  let at = 0;
  for (const { start, end, slot } of places) {
    if (typeof values[slot] !== "bigint") continue;
    wide += `${text.slice(at, start)}(+CAST(${text.slice(start, end)}/**/AS INTEGER))`;
    at = end;
  }
  return at === 0 ? text : wide + text.slice(at);
}

/** The names of a statement's columns, with `widen()` undone: one without an alias is named by its text. */
export function readColumns(statement: SqlJsStatement): string[] {
  return statement.getColumnNames().map((name) => name.replace(/\(\+CAST\((\S+)\/\*\*\/AS INTEGER\)\)/g, "$1"));
}

/** The current row; integers beyond 2^53-1 as `bigint`. */
export function readRow(statement: SqlJsStatement): SqlValue[] {
  const row = statement.get() as SqlValue[];
  let isExact = true;
  for (let column = 0; column < row.length; column++) if (isUnsafe(row[column]!)) isExact = false;
  if (isExact) return row;
  // Rounded, and not to be told from a REAL: such a row, a rare one, is read again.
  const exact = statement.get(null, { useBigInt: true }) as SqlValue[];
  return row.map((value, column) => (isUnsafe(value) ? exact[column]! : value));
}

function isUnsafe(value: SqlValue): boolean {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}
