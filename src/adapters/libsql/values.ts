import type { SqlValue, Statement } from "../../contract/statement.ts";
import { arrange } from "../sqlite/parameters.ts";
import { scan } from "../sqlite/scan.ts";
import { tagOf } from "../shared/refusal.ts";
import { unstorable } from "../sqlite/storable.ts";
import { type Stored, toStored } from "../sqlite/values.ts";
import type { WireStatement, WireValue } from "./wire.ts";

/** A text and its values: by place, or by name with its mark. One text cannot have both on the wire. */
export interface Bound {
  readonly sql: string;
  readonly args: readonly Stored[] | Readonly<Record<string, Stored>>;
}

/**
 * A statement as servers take it.
 *
 * @throws DbError `QUERY_FAILED` of kind `parameter` or `syntax`; no value is shown.
 */
export function bind(statement: Statement): Bound {
  const { text } = statement;
  const seen = scan(text);
  const args = arrange(seen, statement).map((value, slot) => {
    const stored = toStored(value, tagOf(value));
    if (stored !== undefined) return stored;
    throw unstorable(value, slot, seen, text);
  });
  const { places, slots } = seen;
  if (!slots.some(Boolean)) return { sql: text, args };
  // Names and numbers do not go together on the wire, and sqld cannot read `$a(b)` and `$a::b`: those are numbered.
  if (places.every(({ start, end }) => /^[^?][^:(]*$/.test(text.slice(start, end))))
    return {
      sql: text,
      args: Object.fromEntries(places.map(({ start, end, slot }) => [text.slice(start, end), args[slot]!])),
    };
  let sql = "";
  let at = 0;
  for (const { start, end, slot } of places) {
    sql += `${text.slice(at, start)}?${slot + 1}`;
    at = end;
  }
  return { sql: sql + text.slice(at), args };
}

/** The values of a statement, to take them out of messages. */
export function valuesOf({ args }: Bound): readonly Stored[] {
  return Object.values<Stored>(args);
}

export function toWire(statement: Statement): WireStatement {
  const { sql, args } = bind(statement);
  if (Array.isArray(args)) return args.length === 0 ? { sql } : { sql, args: (args as Stored[]).map(encode) };
  return {
    sql,
    named_args: Object.entries(args as Record<string, Stored>).map(([name, value]) => ({ name, value: encode(value) })),
  };
}

function encode(value: Stored): WireValue {
  if (value === null) return { type: "null" };
  if (typeof value === "string") return { type: "text", value };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  return { type: "blob", base64: toBase64(value) };
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  // In parts: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

// With a loop: to `from()` each character is a text of its own, at twenty times the cost.
function fromBase64(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function decode(value: WireValue): SqlValue {
  switch (value.type) {
    case "text":
      return value.value;
    case "integer":
      return toInteger(value.value);
    case "float":
      // JSON has no infinity: the protocol says null, and that clients read it as NaN.
      return value.value ?? NaN;
    case "blob":
      return fromBase64(value.base64);
    default:
      return null;
  }
}

/** An integer of the database: a `bigint` beyond 2^53-1. */
export function toInteger(text: string | number | bigint): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
