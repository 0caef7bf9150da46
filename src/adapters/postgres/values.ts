import type { Statement } from "../../contract/statement.ts";
import { refusal, tagOf } from "../shared/refusal.ts";
import { isWellFormed } from "../shared/well-formed.ts";
import { writeArray } from "./arrays.ts";
import { scan } from "./scan.ts";

/** A statement as it travels: every value is a text, of which PostgreSQL infers the type. */
export interface Bound {
  readonly text: string;
  readonly values: (string | null)[];
}

// What two bytes can count.
const MAX_VALUES = 65_535;

/**
 * Writes a statement's values.
 *
 * @example
 * bind({ text: "select $1", params: [true] }); // { text: "select $1", values: ["true"] }
 * @throws DbError `QUERY_FAILED` of kind `syntax` (none or several statements) or `parameter`; no value is shown.
 */
export function bind({ text, params = [] }: Statement): Bound {
  const { verb, stray, placeholders, isBarred } = scan(text);
  if (!verb) throw refusal("no statement in the text", text, 0);
  if (stray >= 0)
    throw refusal(
      "several statements in one text (pass a list to batch()), a NUL, or half of a surrogate pair",
      text,
      stray,
    );
  if (isBarred)
    throw refusal("cannot be sent as SQL: use the session's methods, and for COPY `raw` or unnest()", text, 0);
  if (!Array.isArray(params)) throw refusal("expected a list of values: PostgreSQL has `$1`, not names", text);
  const wanted = Math.min(placeholders, MAX_VALUES);
  if (params.length !== wanted) throw refusal(`expected ${wanted} values, got ${params.length}`, text);
  const values = (params as readonly unknown[]).map((value, index) => {
    const encoded = isJson(value, text, index + 1) ? toJson(value) : encode(value);
    if (encoded !== undefined) return encoded;
    const remedy =
      "use null, well-formed text without NUL, a number, boolean, valid Date, Uint8Array, list or plain object";
    throw refusal(`value \`${index + 1}\` (${tagOf(value)}) cannot be bound: ${remedy}`, text);
  });
  return { text, values };
}

function encode(value: unknown): string | null | undefined {
  if (value === null) return null;
  if (typeof value === "string") return !value.includes("\0") && isWellFormed(value) ? value : undefined;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return writeArray(value, encode);
  const tag = tagOf(value);
  if (tag === "Uint8Array") return `\\x${toHex(value as Uint8Array)}`;
  // In UTC, and said so: for `timestamp` and `date`, which ignore the zone, it is the time in UTC.
  if (tag === "Date") return Number.isNaN(Number(value)) ? undefined : toTimestamp(value as Date);
  return isPlain(value) ? toJson(value) : undefined;
}

// Of another realm, too.
function isPlain(value: unknown): value is object {
  if (tagOf(value) !== "Object") return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// A list is an array to PostgreSQL, unless the text says JSON, or it holds what only JSON can hold.
function isJson(value: unknown, text: string, place: number): boolean {
  if (!Array.isArray(value)) return false;
  const type = new RegExp(
    `\\$${place}\\s*::\\s*(\\w+)\\s*(\\[)?|\\bcast\\s*\\(\\s*\\$${place}\\s+as\\s+(\\w+)\\s*\\)`,
    "i",
  );
  const [, name, isList, other = name] = type.exec(text) ?? [];
  return other ? !isList && /^jsonb?$/i.test(other) : value.some(isPlain);
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === "bigint" && Number.isSafeInteger(Number(each))) return Number(each);
      // JSON has no place for these, and would change them or leave them out: Infinity, a Map, bytes.
      const isJson = typeof each === "object" ? !each || Array.isArray(each) || isPlain(each) : each === String(each);
      if (isJson || typeof each === "boolean" || each === undefined || Number.isFinite(each)) return each;
      throw new TypeError("Expected JSON");
    });
  } catch {
    return undefined;
  }
}

// ISO's years of more than four digits, or before Christ, are written in another way.
function toTimestamp(value: Date): string {
  const text = value.toISOString();
  const year = value.getUTCFullYear();
  const rest = text.slice(text.indexOf("-", 1));
  if (year > 9_999) return `${year}${rest}`;
  return year > 0 ? text : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

// As the codes of its letters: to put a text together letter by letter costs twenty times as much.
function toHex(bytes: Uint8Array): string {
  const codes = new Uint8Array(2 * bytes.length);
  for (let at = 0; at < codes.length; at++) {
    const byte = bytes[at >> 1]!;
    const digit = at % 2 ? byte & 15 : byte >> 4;
    codes[at] = digit + (digit < 10 ? 48 : 87);
  }
  return new TextDecoder().decode(codes);
}
