import type { DbError } from "../../errors.ts";
import { refusal, tagOf } from "../shared/refusal.ts";
import type { Scan } from "./scan.ts";

/** The refusal of a value that SQLite cannot store: by its place and what it is, never by what it holds. */
export function unstorable(value: unknown, slot: number, { slots }: Scan, sql: string): DbError {
  const remedy = Array.isArray(value)
    ? "write `in (${sql.join(list)})`"
    : "use null, well-formed text, a finite number, an int64, a boolean, a valid Date or a Uint8Array";
  return refusal(`value \`${slots[slot] || slot + 1}\` (${tagOf(value)}) cannot be stored: ${remedy}`, sql);
}
