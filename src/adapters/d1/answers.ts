// How statements travel in a request with others, where D1 gives rows as objects, and no columns where there are no rows.

import type { RawResult, SqlValue, Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import { QUOTED } from "../sqlite/quoted.ts";
import { inexact, isInexact, readColumns, toRow, type WorkerdStatement } from "../sqlite/workerd-values.ts";
import type { D1Answer } from "./driver.ts";
import type { Tried } from "./tried.ts";

export const NOTHING: RawResult = { columns: [], rows: [], rowsAffected: 0 };

/** Rows as arrays. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** The query with one row more than it has, so that there is one: its columns are told. Equal names are told apart by SQLite. */
export function framed({ text, values }: WorkerdStatement): WorkerdStatement {
  // A LIMIT keeps the order of what is inside.
  const inner = `SELECT 1 AS isopool_row, * FROM (\n${text}\n) LIMIT -1`;
  return { text: `SELECT * FROM (SELECT 1 AS isopool_frame) LEFT JOIN (${inner}) ON 1`, values };
}

/**
 * The rows of a framed query. Their columns are in its order, unless `hasNoOrder()`.
 *
 * @returns also `keys`: the columns as SQLite names those of a subquery.
 */
export function unframed({ results = [] }: D1Answer): Rows & { readonly keys: readonly string[] } {
  const inner = Object.keys(results[0] ?? {}).filter((key) => key !== "isopool_frame" && key !== "isopool_row");
  // SQLite names the second `x` of a subquery `x:1`.
  const columns = inner.map((key, at) => {
    const base = /^([^]*):\d+$/.exec(key)?.[1];
    return base !== undefined && inner.indexOf(base) >= 0 && inner.indexOf(base) < at ? base : key;
  });
  const rows = results.filter((row) => row["isopool_row"] !== null).map((row) => inner.map((key) => read(row[key])));
  return { columns: readColumns(columns), rows, keys: inner };
}

/** What `raw({ columnNames: true })` gives. */
export function fromRaw([columns, ...rows]: readonly unknown[]): Rows {
  return { columns: readColumns(columns as string[]), rows: rows.map((row) => (row as unknown[]).map(read)) };
}

/** Sent behind a write: what it has changed, itself and not its triggers. */
export const COUNT: WorkerdStatement = {
  text: "SELECT changes() AS changes, CAST(last_insert_rowid() AS TEXT) AS rowid",
  values: [],
};

/** @throws DbError `QUERY_FAILED` for what was done, and cannot be reported. */
export function toWritten(text: string, { results = [] }: D1Answer, count: D1Answer | undefined): RawResult {
  const columns = Object.keys(results[0] ?? {});
  if (hasNoOrder(columns)) throw withoutOrder(text);
  if (columns.length > 0 && columns.length < (returned(text) ?? 0))
    throw unreadable("several columns have the same name: name them apart with AS", text);
  const rows = results.map((row) => columns.map((name) => read(row[name])));
  if (rows.some((row) => row.some(isInexact))) throw inexact(text, "executed");
  const given = { columns: readColumns(columns), rows: rows.map(toRow) };
  const told = count?.results?.[0];
  return { ...(told ? toResult({ text }, told as unknown as Tried) : NOTHING), ...given };
}

/** The result of a write, by what it has changed. */
export function toResult({ text }: Statement, { changes, rowid }: Tried): RawResult {
  const [lastInsertRowid] = changes > 0 && hasOwnRowid(text) ? (toRow([BigInt(rowid)]) as [number | bigint]) : [];
  return { ...NOTHING, rowsAffected: changes, ...(lastInsertRowid !== undefined && { lastInsertRowid }) };
}

/** Names that are numbers come first in objects. */
export function hasNoOrder(columns: readonly string[]): boolean {
  return columns.length > 1 && columns.some((name) => /^\d+$/.test(name));
}

export function withoutOrder(sql: string): DbError {
  return unreadable("columns that are named by a number have lost their order: name them with AS", sql);
}

/** How many columns a write returns; Infinity: a star among others; `undefined`: not known, or none. */
export function returned(text: string): number | undefined {
  const list = /\breturning\b([^]*)$/i.exec(text.replace(QUOTED, (quoted) => (/^["`[]/.test(quoted) ? "q" : " ")))?.[1];
  if (list === undefined) return undefined;
  let [depth, count, hasStar] = [0, 1, false];
  for (const [mark] of list.matchAll(/[(),]|(?<=^\s*|,\s*)\*/g)) {
    depth += mark === "(" ? 1 : mark === ")" ? -1 : 0;
    if (depth === 0 && mark === ",") count++;
    hasStar ||= depth === 0 && mark === "*";
  }
  return hasStar && count > 1 ? Infinity : hasStar ? 1 : count;
}

/** D1 gives bytes as a list of numbers. */
function read(value: unknown): SqlValue {
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : (value as SqlValue);
}

/** The refusal of an answer in which something is lost. */
function unreadable(message: string, sql: string): DbError {
  return new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined }, { outcome: "executed" });
}
