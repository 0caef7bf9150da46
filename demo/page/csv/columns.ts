// What the columns of a CSV file are called and hold.

import type { SqlValue } from "../../../src/index.ts";

export type ColumnType = "integer" | "real" | "text";

export interface CsvColumn {
  readonly name: string;
  readonly type: ColumnType;
}

// No leading zeros: those are codes, such as postcodes, and must stay as they are.
const INTEGER = /^-?(0|[1-9]\d{0,14})$/;
const REAL = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Looks at some rows; an empty field fits every type. */
export function guessColumns(names: readonly string[], rows: readonly (readonly string[])[]): CsvColumn[] {
  return nameColumns(names).map((name, at) => {
    const values = rows.map((row) => row[at] ?? "").filter((value) => value !== "");
    if (values.length === 0) return { name, type: "text" };
    if (values.every((value) => INTEGER.test(value))) return { name, type: "integer" };
    return { name, type: values.every((value) => REAL.test(value)) ? "real" : "text" };
  });
}

/** No name empty, none twice: SQLite tells names apart without regard to case. */
export function nameColumns(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((given, at) => {
    const base = given.trim() || `column_${at + 1}`;
    let name = base;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base}_${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** A field as it is stored: an empty one is NULL; one that does not fit its column's type stays text. */
export function convert(field: string | undefined, type: ColumnType): SqlValue {
  if (field === undefined || field === "") return null;
  if (type === "text") return field;
  return (type === "integer" ? INTEGER : REAL).test(field) ? Number(field) : field;
}
