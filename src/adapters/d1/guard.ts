// The proof that what was read is still so: the query again, in the request that writes, its rows compared with those that
// were seen. It costs what the query costs, and one value of the size of its rows.

import { refusal } from "../shared/refusal.ts";
import type { WorkerdStatement } from "../sqlite/workerd-values.ts";

/** A request's values travel as a text, and so does what is compared: more than this is refused before it is remembered. */
export const LARGEST_BYTES = 1_000_000;
/** D1's own limit. */
const MOST_VALUES = 99;

const SCALE = 2 ** 62;
const CHANGED = /isopool\|changed\|(\d+)/;

/** A query whose answer a transaction stands on. */
export interface Seen {
  readonly text: string;
  readonly bound: WorkerdStatement;
  readonly width: number;
  /** Its rows as `FORM` writes them. */
  readonly form: string;
}

/** @throws DbError `QUERY_FAILED` of kind `parameter`: the answer cannot be compared. */
export function see(text: string, bound: WorkerdStatement, width: number, rows: readonly (readonly unknown[])[]): Seen {
  const form = rows.map((row) => row.map((value) => formOf(value, text)).join("")).join("");
  if (bound.values.length > MOST_VALUES)
    throw refusal(
      `a query of a transaction takes ${MOST_VALUES} values at most on D1, got ${bound.values.length}`,
      text,
    );
  return { text, bound, width, form };
}

/** A statement that fails, and with it all of its request, unless the query still gives what was seen. */
export function guard({ bound, width, form }: Seen, place: number): WorkerdStatement {
  const names = Array.from({ length: width }, (_, column) => `c${column}`);
  const now = `SELECT coalesce(group_concat(${joined(names.map(sqlForm))}, ''), '') FROM isopool_seen`;
  const text = `WITH isopool_seen(${names.join()}) AS (\n${bound.text}\n)
SELECT CASE WHEN (${now}) IS ? THEN 1 ELSE json_extract('{}', 'isopool|changed|${place}') END`;
  return { text, values: [...bound.values, form] };
}

/** Which of the guards has failed; `undefined`: none. */
export function failedGuard(thrown: unknown): number | undefined {
  const place = CHANGED.exec(String(thrown))?.[1];
  return place === undefined ? undefined : Number(place);
}

/** A request that ends with it leaves nothing behind. */
export const UNDO: WorkerdStatement = { text: "SELECT json_extract('{}', 'isopool|undone')", values: [] };

export function isUndone(thrown: unknown): boolean {
  return String(thrown).includes("isopool|undone");
}

/** As a tree: D1 takes no expression that is a hundred deep. */
function joined(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!;
  const half = parts.length >> 1;
  return `(${joined(parts.slice(0, half))})||(${joined(parts.slice(half))})`;
}

// A value in such a way that two values have the same form only if D1 gives them to its users as the same: 5 and 5.0, say. The
// numbers in between are cut into integers, by products and differences that lose nothing, so that both sides write the same.
function sqlForm(name: string): string {
  const whole = `CAST(${name} AS INTEGER)`;
  const high = `((${name}-${whole})*${SCALE}.0)`;
  const low = `((${high}-CAST(${high} AS INTEGER))*${SCALE}.0)`;
  return `CASE typeof(${name}) WHEN 'null' THEN 'n' WHEN 'integer' THEN 'd'||${name}
WHEN 'text' THEN 't'||length(CAST(${name} AS BLOB))||':'||${name} WHEN 'blob' THEN 'b'||hex(${name})
ELSE CASE WHEN abs(${name})=9e999 THEN 'n' WHEN abs(${name})>=${2 ** 63}.0 THEN 'x' WHEN ${name}=${whole} THEN 'd'||${whole}
ELSE 'f'||${whole}||'.'||CAST(${high} AS INTEGER)||'.'||CAST(${low} AS INTEGER)||'.'||(${low}<>CAST(${low} AS INTEGER)) END END`;
}

function formOf(value: unknown, text: string): string {
  if (value === null) return "n";
  if (typeof value === "string") return `t${bytesIn(value)}:${value}`;
  if (typeof value === "bigint") return `d${value}`;
  if (typeof value === "number") return formOfNumber(value, text);
  return `b${Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase()}`;
}

function formOfNumber(value: number, text: string): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return `d${BigInt(value)}`;
  const whole = Math.trunc(value);
  const high = (value - whole) * SCALE;
  const low = (high - Math.trunc(high)) * SCALE;
  if (!Number.isInteger(low) || Math.abs(value) >= 2 ** 63)
    throw refusal("a number that is too large or too fine to be compared is in the result: read it AS TEXT", text);
  return `f${BigInt(whole)}.${BigInt(Math.trunc(high))}.${BigInt(low)}.0`;
}

function bytesIn(text: string): number {
  return new TextEncoder().encode(text).length;
}
