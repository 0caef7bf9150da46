// What the columns of a CSV file are called and hold, as seen in all of its rows: a type is given only where no digit and no zero is lost.

import type { SqlValue } from "../../../src/index.ts";

export type ColumnType = "integer" | "real" | "text";

/** No leading zeros and no plus: those are codes, such as postcodes, and must stay as they are. */
const INTEGER = /^-?(0|[1-9]\d{0,18})$/;
const REAL = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const LARGEST = 2n ** 63n;
/** A double holds any number of so many digits. */
const SURE_DIGITS = 15;

export function isInteger(field: string): boolean {
  if (!INTEGER.test(field) || field === "-0") return false;
  if (field.length < 17) return true;
  const value = BigInt(field);
  return value < LARGEST && value >= -LARGEST;
}

/** Whether the number that is kept has every digit of the one that is written; zeros at the end of a fraction are none. */
export function isReal(field: string): boolean {
  const match = REAL.exec(field);
  if (!match || field === "-0") return false;
  const [mantissa = ""] = field.split(/e/i);
  const digits = mantissa
    .replace(/^-?0?\.?0*/, "")
    .replace(".", "")
    .replace(/0+$/, "");
  return digits.length <= SURE_DIGITS && Number.isFinite(Number(field));
}

export function fits(field: string, type: ColumnType): boolean {
  if (type === "text") return true;
  return type === "integer" ? isInteger(field) : isReal(field);
}

/** A field as it is stored; one that does not fit its column's type stays text. */
export function convert(field: string, type: ColumnType): SqlValue {
  if (type === "text" || !fits(field, type)) return field;
  if (type === "real") return Number(field);
  const value = Number(field);
  return Number.isSafeInteger(value) ? value : BigInt(field);
}

/** What is kept differs from what is written, as `2.50` and `2.5` do; the number is the same. */
export function isRespelled(field: string, type: ColumnType): boolean {
  return type === "real" && isReal(field) && String(Number(field)) !== field;
}

/** No name empty, none twice: SQLite tells names apart without regard to case. */
export function nameColumns(names: readonly (string | null)[]): string[] {
  const taken = new Set<string>();
  return names.map((given, at) => {
    const base = given?.trim() || `column_${at + 1}`;
    let name = base;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base}_${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** How SQLite changes a text that is put into a column of that declared type: https://sqlite.org/datatype3.html#determination_of_column_affinity */
export function isNumericAffinity(declared: string): boolean {
  const type = declared.toUpperCase();
  if (type.includes("INT")) return true;
  if (/CHAR|CLOB|TEXT|BLOB|^$/.test(type)) return false;
  return type !== "ANY";
}

/** A text that such a column would turn into a number, which is written otherwise. */
export function wouldBeRespelled(field: string): boolean {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(field) && !isInteger(field) && !isReal(field);
}
