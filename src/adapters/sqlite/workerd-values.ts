// Values as the SQLite of Workers has them, in D1 and in Durable Objects: its numbers are all doubles, on the way in and out.

import type { SqlValue, Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { scan } from "./scan.ts";
import { bindSqlite, readSqlite } from "./values.ts";

/** What both bind as it is. */
export type WorkerdValue = null | string | number | Uint8Array;

export interface WorkerdStatement {
  readonly text: string;
  readonly values: readonly WorkerdValue[];
}

/**
 * A statement whose integers are integers: bound as they are, they would be REAL, and beyond 2^53 others. So each is cast,
 * larger ones from text; the plus takes the cast's affinity away, for comparisons to be those of a bound integer.
 */
export function bindForWorkerd(statement: Statement): WorkerdStatement {
  const { text: whole, values } = bindSqlite(statement);
  // Behind a semicolon, they look for another statement.
  const text = whole.slice(0, endOf(whole));
  if (!values.some(isInteger)) return { text, values: values as readonly WorkerdValue[] };
  let wide = "";
  let at = 0;
  scan(text).places.forEach(({ start, end }, place) => {
    if (!isInteger(values[place])) return;
    wide += `${text.slice(at, start)}(+CAST(?/**/AS INTEGER))`;
    at = end;
  });
  return { text: wide + text.slice(at), values: values.map(toNumber) };
}

/** Where its semicolon is, or its end: whatever stands behind that is another statement. */
function endOf(text: string): number {
  for (let at = text.indexOf(";"); at >= 0; at = text.indexOf(";", at + 1))
    if (scan(`${text.slice(0, at + 1)} x`).stray >= 0) return at;
  return text.length;
}

const isInteger = (value: unknown): value is bigint => typeof value === "bigint";

function toNumber(value: ReturnType<typeof bindSqlite>["values"][number]): WorkerdValue {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** Names of columns, with the casts undone: one without an alias is named by its text. */
export function readColumns(columns: readonly string[]): string[] {
  return columns.map((name) => name.replaceAll("(+CAST(?/**/AS INTEGER))", "?"));
}

/** It may be an integer that has lost digits. A number beyond 64 bits is none. */
export function isInexact(value: unknown): boolean {
  return (
    typeof value === "number" &&
    !Number.isSafeInteger(value) &&
    Math.abs(value) >= 2 ** 53 &&
    Math.abs(value) <= 2 ** 63
  );
}

/** The query again, with what may have lost digits as text. Its columns are those of the first answer, and a type for each of them. */
export function exactText(text: string, rows: readonly (readonly unknown[])[], width: number): string {
  const names = Array.from({ length: width }, (_, column) => `c${column}`);
  const wide = names.map((name, column) =>
    rows.some((row) => isInexact(row[column]))
      ? `CASE typeof(${name}) WHEN 'integer' THEN json_array(CAST(${name} AS TEXT)) ELSE ${name} END`
      : name,
  );
  return `WITH isopool_exact(${names.join()}) AS (\n${text}\n) SELECT ${wide.join()} FROM isopool_exact`;
}

/** The rows of `exactText()`, in the places where the first answer was inexact; `undefined`: it is not the same answer. */
export function readExact(
  rows: readonly (readonly unknown[])[],
  exact: readonly (readonly unknown[])[],
): unknown[][] | undefined {
  if (rows.length !== exact.length) return undefined;
  let isSame = true;
  const read = rows.map((row, at) =>
    row.map((value, column) => {
      const found = exact[at]![column];
      if (!isInexact(value)) return value;
      const integer = typeof found === "string" ? BigInt(/^\["(-?\d+)"\]$/.exec(found)?.[1] ?? 0) : found;
      isSame &&= Number(integer) === value;
      return integer;
    }),
  );
  return isSame ? read : undefined;
}

export function toRow(row: readonly unknown[]): SqlValue[] {
  return row.map(readSqlite);
}

/** The refusal of a result that has lost digits, where it cannot be asked for again. */
export function inexact(sql: string, outcome: "executed" | "not-executed"): DbError<"QUERY_FAILED"> {
  const message =
    "a number beyond 2^53 is in the result, and workerd rounds those: write `CAST(column AS TEXT)`, and read it with BigInt()";
  return new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined }, { outcome });
}

/** What workerd has put behind SQLite's own words: a code, and a place in the text. */
const SUFFIX = /^(?:D1_[A-Z_]*ERROR: )?([^]*?)(?: at offset (\d+))?: SQLITE_\w+(?: \(extended: (SQLITE_\w+)\))?$/;

/** What was thrown, in SQLite's own words: as other drivers of it throw. */
export function toSqliteWords(thrown: unknown): unknown {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const [, words, , code] = SUFFIX.exec(message) ?? [];
  if (words === undefined) return thrown;
  return Object.assign(new Error(words), code !== undefined && { code });
}
