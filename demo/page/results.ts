// A result as the page shows it and hands it out.

import type { Result, SqlValue } from "../../src/index.ts";

/** Rows as arrays, in column order. */
export interface Grid {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export function toGrid({ columns, rows }: Result): Grid {
  return { columns, rows: rows.map((row) => columns.map((name) => row[name] ?? null)) };
}

/** As RFC 4180 has it: CRLF, quotes only where needed, NULL as an empty field. */
export function toCsv({ columns, rows }: Grid): string {
  const field = (value: SqlValue): string => {
    const text = value === null ? "" : toText(value);
    return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** An array of objects; integers too large for a number become strings of digits, blobs hex. */
export function toJson({ columns, rows }: Grid): string {
  const cell = (value: SqlValue): unknown =>
    typeof value === "bigint" || value instanceof Uint8Array ? toText(value) : value;
  return `${JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, cell(row[at] as SqlValue)]))),
    undefined,
    2,
  )}\n`;
}

export function toText(value: SqlValue): string {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return value instanceof Date ? value.toISOString() : String(value);
}

export function isNumeric(value: SqlValue | undefined): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

/** Whether a column holds numbers, as far as its first rows tell. */
export function isNumericColumn({ rows }: Grid, column: number): boolean {
  const values = rows
    .slice(0, 200)
    .map((row) => row[column] ?? null)
    .filter((value) => value !== null);
  return values.length > 0 && values.every(isNumeric);
}
