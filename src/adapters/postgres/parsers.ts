import type { SqlValue } from "../../contract/statement.ts";
import { readArray } from "./arrays.ts";
import type { RawRows } from "./results.ts";
import type { Bound } from "./values.ts";

/** Makes a value of the text that PostgreSQL wrote. */
export type Parser = (text: string) => SqlValue;

/** How values are read, by the OID or the name of their type. */
export type ParserOptions = Readonly<Record<string | number, (text: string) => unknown>>;

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
  // json, jsonb
  114: (value) => JSON.parse(value) as SqlValue,
  3802: (value) => JSON.parse(value) as SqlValue,
  // timestamptz
  1184: toDate,
};

// Lists of PostgreSQL's own types: the OID of the list, and that of its item where it is not the one before. That of `box` is left
// out: semicolons divide it, so that no array could be bound to one.
const LISTS = new Map<number, number>(
  (
    "143 629 651 719 775 791 1034 1115 1185 1187 1561 1563 2951 3221 3735 3770 3905 3907 3909 3911 3913 3927 4073 4090 4097 4192 5039 " +
    "199,114 271,5069 1000,16 1001,17 1002,18 1003,19 1005,21 1006,22 1007,23 1008,24 1009,25 1010,27 1011,28 1012,29 1013,30 " +
    "1014,1042 1015,1043 1016,20 1017,600 1018,601 1019,602 1021,700 1022,701 1027,604 1028,26 1040,829 1041,869 1182,1082 " +
    "1183,1083 1231,1700 1270,1266 2201,1790 2207,2202 2208,2203 2209,2204 2210,2205 2211,2206 2287,2249 2949,2970 3643,3614 " +
    "3645,3615 3807,3802 6150,4451 6151,4532 6152,4533 6153,4534 6155,4535 6157,4536"
  )
    .split(" ")
    .map((pair) => {
      const [list = 0, item = list - 1] = pair.split(",").map(Number);
      return [list, item];
    }),
);
// Below it there are PostgreSQL's own.
const FIRST_OWN = 16_384;

/** How the values of one database are read: the user's parsers, isopool's, or as PostgreSQL wrote them. */
export class Parsers {
  readonly #own: ParserOptions;
  readonly #names: readonly string[];
  readonly #byOid: Map<number, Parser> = new Map();
  readonly #lists: Map<number, number> = new Map(LISTS);
  /** Types that none of the names is. */
  readonly #others: Set<number> = new Set();
  /** Names are looked up with the first flight, and again when a type comes that is not known: one made anew has another OID. */
  #isDue = true;

  constructor(own: ParserOptions = {}) {
    this.#own = own;
    for (const [name, parse] of Object.entries(own))
      if (typeof parse !== "function")
        throw new TypeError(`Expected the parser of \`${name}\` to be a function, got \`${typeof parse}\``);
    this.#names = Object.keys(own).filter((key) => !/^\d+$/.test(key));
  }

  /** What has to be asked to know the named types; `undefined` when nothing has. */
  get question(): Bound | undefined {
    if (!this.#isDue || this.#names.length === 0) return undefined;
    const calls = this.#names.map((_, index) => `(${index}, pg_catalog.to_regtype($${index + 1}))`).join(", ");
    const text = `SELECT n, oid, typarray FROM (VALUES ${calls}) AS named (n, type) JOIN pg_catalog.pg_type ON oid = type`;
    return { text, values: [...this.#names] };
  }

  learn({ rows }: RawRows): void {
    this.#isDue = false;
    for (const row of rows) {
      const [name, oid, list] = row.map(Number) as [number, number, number];
      this.#byOid.set(oid, this.#own[this.#names[name]!] as Parser);
      if (list) this.#lists.set(list, oid);
    }
  }

  of(oid: number): Parser {
    const parser = (this.#own[oid] as Parser | undefined) ?? this.#byOid.get(oid) ?? PARSERS[oid];
    if (parser) return parser;
    const item = this.#lists.get(oid);
    if (item !== undefined) {
      const parse = this.of(item);
      return (text) => readArray(text, parse);
    }
    if (oid >= FIRST_OWN && (this.#byOid.size < this.#names.length || !this.#others.has(oid))) {
      this.#others.add(oid);
      this.#isDue = true;
    }
    return (text) => text;
  }
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
  const [, day, time, sign, hours, minutes = 0, seconds = 0] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(value) ?? [];
  if (!day) return value;
  // Old offsets have seconds, which ISO does not know.
  const offsetMs = Number(`${sign}1`) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return new Date(Date.parse(`${day}T${time}Z`) - offsetMs);
}
