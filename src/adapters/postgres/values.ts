import type { SqlValue, Statement } from "../../contract/statement.ts";
import { refusal, tagOf } from "../shared/refusal.ts";
import { scan } from "./scan.ts";

/** Makes a value of the text that PostgreSQL wrote. */
export type Parser = (text: string) => SqlValue;

/** Parsers by the OID of a type, in place of isopool's own. */
export type Parsers = Readonly<Record<number, (text: string) => unknown>>;

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
 * @throws DbError `QUERY_FAILED` of kind `syntax` (none or several statements) or `parameter`; no value is shown.
 */
export function bind({ text, params = [] }: Statement): Bound {
  const { verb, stray, placeholders, isBarred } = scan(text);
  if (!verb) throw refusal("no statement in the text", text, 0);
  if (stray >= 0) throw refusal("several statements in one text: give a list to batch()", text, stray);
  if (isBarred) throw refusal("not sent as text: use the session's methods, and for COPY `raw` or unnest()", text, 0);
  if (!Array.isArray(params)) throw refusal("expected a list of values: PostgreSQL knows `$1`, no names", text);
  const wanted = Math.min(placeholders, MAX_VALUES);
  if (params.length !== wanted) throw refusal(`expected ${wanted} values, got ${params.length}`, text);
  const values = (params as readonly SqlValue[]).map((value, index) => {
    const encoded = encode(value);
    if (encoded !== undefined) return encoded;
    const remedy = "give null, text without NUL, a number, a bigint, a boolean, a valid Date or a Uint8Array";
    throw refusal(`value \`${index + 1}\` (${tagOf(value)}) cannot be bound: ${remedy}`, text);
  });
  return { text, values };
}

function encode(value: SqlValue): string | null | undefined {
  if (value === null) return null;
  if (typeof value === "string") return value.includes("\0") ? undefined : value;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  const tag = tagOf(value);
  if (tag === "Uint8Array") return `\\x${toHex(value as Uint8Array)}`;
  // In UTC, and said so: for `timestamp` and `date`, which ignore the zone, it is the time in UTC.
  return tag === "Date" && !Number.isNaN(Number(value)) ? toTimestamp(value as Date) : undefined;
}

// ISO's years of more than four digits, or before Christ, are written in another way.
function toTimestamp(value: Date): string {
  const text = value.toISOString();
  const year = value.getUTCFullYear();
  const rest = text.slice(text.indexOf("-", 1));
  if (year > 9_999) return `${year}${rest}`;
  return year > 0 ? text : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return hex;
}

const text: Parser = (value) => value;

const PARSERS: Readonly<Record<number, Parser>> = {
  // bool, bytea
  16: (value) => value === "t",
  17: toBytes,
  // int8, int2, int4, oid
  20: toInteger,
  21: Number,
  23: Number,
  26: Number,
  // float4, float8
  700: Number,
  701: Number,
  // timestamptz
  1184: toDate,
};

/** How values of a column are read: the user's parser, isopool's, or as PostgreSQL wrote them. */
export function parserOf(oid: number, own: Parsers): Parser {
  return (own[oid] as Parser | undefined) ?? PARSERS[oid] ?? text;
}

function toInteger(value: string): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

function toBytes(value: string): Uint8Array | string {
  // `bytea_output = escape` is left as it is.
  if (!value.startsWith("\\x")) return value;
  const bytes = new Uint8Array(value.length / 2 - 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(value.slice(2 * at + 2, 2 * at + 4), 16);
  return bytes;
}

// What no Date can hold stays text: infinity, years before Christ or beyond 9999, other styles of dates.
function toDate(value: string): Date | string {
  const [, day, time, offset, minutes = ":00"] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*([+-]\d\d)(:\d\d)?$/.exec(value) ?? [];
  return day ? new Date(`${day}T${time}${offset}${minutes}`) : value;
}
