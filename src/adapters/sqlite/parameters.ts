import type { SqlValue, Statement } from "../../contract/statement.ts";
import { refusal } from "../shared/refusal.ts";
import type { Scan } from "./scan.ts";

/**
 * Puts a statement's values in the order of its placeholders.
 *
 * @returns one value per slot of the scan; the caller's own array when it is in order already.
 * @throws DbError `QUERY_FAILED` of kind `syntax` (none or several statements) or `parameter` (text and values do not fit).
 */
export function arrange({ verb, stray, slots }: Scan, { text, params = [] }: Statement): readonly SqlValue[] {
  if (!verb) throw refusal("no statement in the text", text, 0);
  if (stray >= 0)
    throw refusal(
      "several statements in one text (pass a list to batch()), a NUL, or half of a surrogate pair",
      text,
      stray,
    );
  if (Array.isArray(params)) {
    if (params.length === slots.length) return params;
    throw refusal(`expected ${slots.length} values, got ${params.length}`, text);
  }
  const values = Object(params) as Readonly<Record<string, SqlValue>>;
  for (const name of Object.keys(values))
    if (!name || !slots.includes(name)) throw refusal(`no placeholder is named \`${name}\``, text);
  return slots.map((name) => {
    if (name && Object.hasOwn(values, name)) return values[name]!;
    throw refusal(`no value for \`${name || "?"}\``, text);
  });
}
