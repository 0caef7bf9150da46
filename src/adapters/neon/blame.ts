import { positionOf } from "../postgres/errors.ts";
import type { Bound } from "../postgres/values.ts";
import type { ServerError } from "../postgres/wire.ts";

/**
 * Which statement of a list the error means, where it says: over HTTP the server does not.
 *
 * @param isBatch - a COMMIT follows, with which fails what is put off to the end: constraints and their triggers.
 * @returns `undefined` when it may be several.
 */
export function meantBy(error: ServerError, list: readonly Bound[], isBatch: boolean): number | undefined {
  if (isBatch && !error.position && /^(23|P0)/.test(error.code ?? "")) return undefined;
  const meant = list.flatMap((bound, index) => (canMean(error, bound) ? index : []));
  return meant.length === 1 ? meant[0] : undefined;
}

// A place that the error names must be one in the statement, and hold the words that its message quotes.
function canMean(error: ServerError, { text }: Bound): boolean {
  // Of a setting the message says so.
  if (/^SELECT (pg_catalog\.)?set_config\(/.test(text)) return /\b(parameter|role)\b/.test(error.message);
  const position = positionOf(error, text);
  if (position === undefined) return true;
  const [, token = ""] = /(?:at or near|relation) "([^"]*)"/.exec(error.message) ?? [];
  return position <= text.length && text.slice(position).toLowerCase().startsWith(token.toLowerCase());
}
