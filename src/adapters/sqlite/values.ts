import type { SqlValue, Statement } from "../../contract/statement.ts";
import { tagOf } from "../shared/refusal.ts";
import { isWellFormed } from "../shared/well-formed.ts";
import { arrange } from "./parameters.ts";
import { scan } from "./scan.ts";
import { unstorable } from "./storable.ts";

/** A value as SQLite stores it: a `bigint` is an INTEGER, a `number` a REAL. */
export type Stored = null | string | number | bigint | Uint8Array;

/** A text whose placeholders are all `?`, and a value for each. */
export interface Bound {
  readonly text: string;
  readonly values: readonly Stored[];
}

/**
 * A statement as every SQLite driver can bind it: names and numbers become `?`, and values what SQLite stores: a whole
 * number is a `bigint`, a boolean 1 or 0, a Date ISO text in UTC.
 *
 * @throws DbError `QUERY_FAILED` of kind `parameter` or `syntax`; no value is shown.
 * @example
 * bindSqlite({ text: "select :a, :b", params: { b: 2, a: true } }); // { text: "select ?, ?", values: [1n, 2n] }
 */
export function bindSqlite(statement: Statement): Bound {
  const { text } = statement;
  const scanned = scan(text);
  const { places } = scanned;
  const stored = arrange(scanned, statement).map((value, slot) => {
    const found = toStored(value, tagOf(value));
    if (found === undefined) throw unstorable(value, slot, scanned, text);
    return found;
  });
  if (places.every(({ start, end }) => end === start + 1)) return { text, values: stored };
  const parts = places.map(({ start }, at) => text.slice(places[at - 1]?.end ?? 0, start));
  return {
    text: [...parts, text.slice(places.at(-1)!.end)].join("?"),
    values: places.map(({ slot }) => stored[slot]!),
  };
}

/** A value as SQLite stores it; `undefined`: it cannot. */
export function toStored(value: SqlValue, tag: string): Stored | undefined {
  if (value === null) return value;
  if (typeof value === "string") return isWellFormed(value) ? value : undefined;
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? BigInt(value) : Number.isFinite(value) ? value : undefined;
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : undefined;
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (tag === "Uint8Array") return value as Uint8Array;
  return tag === "Date" && !Number.isNaN(Number(value)) ? (value as Date).toISOString() : undefined;
}

/**
 * A driver's value as isopool returns it: an integer as a `number` if that is exact, bytes as a copy that the reader owns.
 *
 * @param value - integers as `bigint`, or as `number` if they are exact; bytes as any view or an ArrayBuffer.
 * @example
 * readSqlite(42n); // 42
 */
export function readSqlite(value: unknown): SqlValue {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  return tagOf(value) === "ArrayBuffer" ? new Uint8Array(value as ArrayBuffer).slice() : (value as SqlValue);
}
