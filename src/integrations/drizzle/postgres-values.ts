// Values as node-postgres reads and writes them: Drizzle's columns, and its users' raw queries, expect those.

import type { RawResult, SqlValue, Statement } from "../../index.ts";
import { type ObjectRow, toNode, toObjects } from "./rows.ts";

/** A raw result, as node-postgres gives it. */
export interface PgResult<R = ObjectRow> {
  /** First word of what the server calls the statement: `INSERT`. */
  readonly command: string;
  /** Rows returned, inserted, updated or deleted; `null` for other statements. */
  readonly rowCount: number | null;
  readonly rows: R[];
  readonly fields: { readonly name: string; readonly dataTypeID: number }[];
}

const WRITES = ["INSERT", "UPDATE", "DELETE", "MERGE"];
const READS = ["SELECT", "FETCH"];

export function toPgResult<R = ObjectRow>(raw: RawResult): PgResult<R> {
  const { columns, columnTypes = [], rows, rowsAffected, command = "" } = raw;
  return {
    command,
    rowCount: WRITES.includes(command) ? rowsAffected : READS.includes(command) ? rows.length : null,
    rows: toObjects(raw) as R[],
    fields: columns.map((name, index) => ({ name, dataTypeID: columnTypes[index]! })),
  };
}

/** A statement of Drizzle's. */
export function toPgStatement(text: string, params: readonly unknown[]): Statement {
  return { text, params: params.map(toPgParameter), parsers: PARSERS };
}

function toPgParameter(value: unknown): SqlValue {
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value as SqlValue;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return JSON.stringify(value);
}

type Parser = (text: string) => unknown;

const asText: Parser = (text) => text;

// `(1,2)`, and `<(1,2),3>` for a circle.
const numbersIn = (text: string): number[] => text.match(/[^(),<>]+/g)!.map(Number);
const toPoint: Parser = (text) => {
  const [x, y] = numbersIn(text);
  return { x, y };
};

const toBytes: Parser = (text) => {
  if (!text.startsWith("\\x")) return text;
  const pairs = text.slice(2).match(/../g) ?? [];
  return toNode(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
};

/** Where node-postgres reads a type otherwise than isopool does; dates and times as text, for Drizzle's columns to read. */
const PARSERS: Readonly<Record<number, Parser>> = {
  // bytea, and its list
  17: toBytes,
  1001: listOf(toBytes),
  // int8, and its list
  20: asText,
  1016: listOf(asText),
  // point, its list, circle
  600: toPoint,
  1017: (text) => (text.match(/\([^)]*\)/g) ?? []).map(toPoint),
  718: (text) => {
    const [x, y, radius] = numbersIn(text);
    return { x, y, radius };
  },
  // date, timestamp, timestamptz, interval, and their lists; the list of numeric
  1082: asText,
  1114: asText,
  1184: asText,
  1186: asText,
  1182: asText,
  1115: asText,
  1185: asText,
  1187: asText,
  1231: asText,
};

/** Reads lists of items that hold no comma and no brace. */
function listOf(parse: Parser): Parser {
  return (text) => {
    const stack: unknown[][] = [[]];
    for (const [token] of text.slice(text.indexOf("{")).matchAll(/"[^"]*"|[{}]|[^{},]+/g)) {
      if (token === "{") stack.push([]);
      else if (token === "}") {
        const list = stack.pop()!;
        stack.at(-1)!.push(list);
      } else stack.at(-1)!.push(token === "NULL" ? null : parse(token.replace(/"|\\(?=\\)/g, "")));
    }
    return stack[0]![0];
  };
}
