import type { ServerError } from "./driver.ts";
import { positionOf } from "./errors.ts";
import type { Bound } from "./values.ts";

/**
 * Which statement of a list an error is about, where the server does not say: the only one that it can be about.
 *
 * @returns its index; `undefined` when it may be several.
 */
export function findCulprit(error: ServerError, list: readonly Bound[]): number | undefined {
  const meant = list.flatMap((bound, index) => (canMean(error, bound) ? index : []));
  return meant.length === 1 ? meant[0] : undefined;
}

function canMean(error: ServerError, { text, values }: Bound): boolean {
  const position = positionOf(error, text);
  if (position !== undefined) {
    if (position > text.length) return false;
    // The words that it points at, where the message quotes them.
    const [, token] = /(?:at or near|relation|column|function|type|operator|table) "?([^"(]+)/.exec(error.message) ?? [];
    return !token || text.slice(position).replaceAll('"', "").toLowerCase().startsWith(token.toLowerCase());
  }
  const { code = "", table } = error;
  // A value that was not fit for its type stands among the values of its statement, or in its text.
  const [, quoted] = /^22P02|^22007|^22003/.test(code ?? "") ? (/: "([^]*)"$/.exec(error.message) ?? []) : [];
  if (quoted !== undefined) return values.includes(quoted) || text.includes(quoted);
  // A row that its table refuses comes from a statement with that table, but for triggers. Foreign keys are told of another one.
  return !table || !/^235(02|05|14)/.test(code ?? "") || text.toLowerCase().includes(table.toLowerCase());
}
