import { positionOf } from "../postgres/errors.ts";
import type { ServerError } from "../postgres/wire.ts";
import { StatementFailure } from "./http-failure.ts";
import type { Bound } from "../postgres/values.ts";

/** Always fails, and nothing else fails like it: what runs ahead of it in a batch is taken back. */
const BOMB: Bound = { text: "SELECT 'isopool'::int", values: [] };

/** Lost races, locks that were held, time that ran out: run again, it may pass, and what passes proves nothing then. */
const MAY_PASS = /^(40|53|55|57)/;

/**
 * Which statement of a list has failed, where the server does not say: over HTTP it never does. Where the error itself
 * leaves several, the first half of them is run again in a transaction that is always taken back, and so on.
 *
 * @param run - sends a list as one transaction.
 * @returns its index, or the length of the list for its COMMIT; `undefined` when it cannot be told.
 */
export async function findCulprit(
  error: ServerError,
  list: readonly Bound[],
  run: (list: readonly Bound[]) => Promise<unknown>,
): Promise<number | undefined> {
  if (MAY_PASS.test(error.code ?? "")) return undefined;
  // What is put off to the end of a transaction fails there: constraints and their triggers.
  const mayBeCommit = /^(23|P0)/.test(error.code ?? "");
  const meant = list.flatMap((bound, index) => (canMean(error, bound) ? index : []));
  let first = meant[0] ?? 0;
  let last = mayBeCommit ? list.length : (meant.at(-1) ?? list.length - 1);
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    const code = await codeOf(run([...list.slice(0, middle + 1), BOMB]));
    if (code === "bomb") first = middle + 1;
    else if (code === error.code) last = middle;
    else return undefined;
  }
  return first;
}

async function codeOf(running: Promise<unknown>): Promise<string | undefined> {
  try {
    await running;
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof StatementFailure)) return undefined;
    const { code, message } = thrown.failure;
    return code === "22P02" && message.endsWith('"isopool"') ? "bomb" : (code ?? undefined);
  }
}

// A place that the error names must be one in the statement, and hold the words that its message quotes.
function canMean(error: ServerError, { text }: Bound): boolean {
  const position = positionOf(error, text);
  if (position === undefined) return true;
  const [, token = ""] = /(?:at or near|relation) "([^"]*)"/.exec(error.message) ?? [];
  return position <= text.length && text.slice(position).toLowerCase().startsWith(token.toLowerCase());
}
