// A result as the page shows it and hands it out.

import type { SqlValue } from "../../src/index.ts";

/** Rows as arrays, in column order. */
export interface Grid {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** What SQLite calls the type of each value, where it was asked: 1.0 and 1 are one number in JavaScript. */
  readonly types?: readonly (readonly string[])[] | undefined;
}

/** As RFC 4180 has it: CRLF, quotes only where needed. NULL is an empty field, a text without letters one in quotes. */
export function toCsv({ columns, rows, types }: Grid): string {
  const field = (value: SqlValue, type: string | undefined): string => {
    if (value === null) return "";
    const text = toText(value, type);
    return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row, at) => row.map((value, column) => field(value, types?.[at]?.[column])));
  return [columns.map((name) => field(name, undefined)), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

/** An array of objects, every column in it. Integers too large for a number become strings of digits, blobs hex. */
export function toJson({ columns, rows, types }: Grid): string {
  const names = columns.map((name) => JSON.stringify(name));
  const objects = rows.map((row, at) => {
    const members = names.map((name, column) => `    ${name}: ${jsonOf(row[column] ?? null, types?.[at]?.[column])}`);
    return `  {\n${members.join(",\n")}\n  }`;
  });
  return objects.length === 0 ? "[]\n" : `[\n${objects.join(",\n")}\n]\n`;
}

/** JSON has no infinite numbers; SQLite writes 9e999 for one, which every reader takes for one. */
function jsonOf(value: SqlValue, type: string | undefined): string {
  if (value === Infinity) return "9e999";
  if (value === -Infinity) return "-9e999";
  if (typeof value === "number") return toText(value, type);
  const isText = typeof value === "bigint" || value instanceof Uint8Array || value instanceof Date;
  return JSON.stringify(isText ? toText(value) : value);
}

export function toText(value: SqlValue, type?: string): string {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (type === "real" && typeof value === "number" && Number.isInteger(value)) return value.toFixed(1);
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
