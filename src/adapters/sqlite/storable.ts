import type { DbError } from "../../errors.ts";
import { refusal } from "./parameters.ts";
import type { Scan } from "./scan.ts";

/** What a value is: a Date or bytes may come from another realm, and are told by their tags, not by instanceof. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** The refusal of a value that SQLite cannot store: by its place and what it is, never by what it holds. */
export function unstorable(value: unknown, slot: number, { slots }: Scan, sql: string): DbError {
  const remedy = "give null, text, a finite number, an int64, a boolean, a valid Date or a Uint8Array";
  return refusal(`value \`${slots[slot] || slot + 1}\` (${tagOf(value)}) cannot be stored: ${remedy}`, sql);
}
