import type { Owner } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import { isDeadlock } from "./deadlock.ts";
import { type Stack, textOf } from "./lease.ts";
import type { CheckedPoolOptions } from "./options.ts";
import type { Stock } from "./stock.ts";
import type { WaitLine } from "./wait-line.ts";

/** How things stood when a caller was refused: the details of every refusal in one. */
export interface Numbers {
  readonly pool: string;
  readonly max: number;
  readonly maxWaiting: number;
  readonly busy: number;
  readonly waiting: number;
  readonly waitedMs: number;
  /** The caller's stack and those of the holders; only when stacks are kept. */
  readonly stacks: readonly string[];
}

export type RefusalCode = keyof typeof TEXTS;

/** What happened, and what to do. */
const TEXTS: Record<
  "POOL_TIMEOUT" | "POOL_FULL" | "POOL_CLOSED" | "POOL_DEADLOCK",
  (numbers: Numbers) => [string, string]
> = {
  POOL_TIMEOUT: ({ waitedMs }) => [
    `waited ${waitedMs} ms`,
    "Is a lease held too long? See the cause, if any, or raise max.",
  ],
  POOL_FULL: ({ waiting }) => [`${waiting} wait already`, "Retry later, or raise maxWaiting."],
  POOL_CLOSED: ({ pool }) => [`"${pool}" was disposed`, "Make a new one."],
  POOL_DEADLOCK: () => ["all holders wait for this caller", "Join them with transaction(), or raise max."],
};

/** A pool, as far as a caller meets it. */
export interface Place {
  readonly name: string;
  readonly options: CheckedPoolOptions;
  readonly stock: Stock<unknown>;
  readonly line: Pick<WaitLine<unknown>, "size" | "waits" | "waitedMs">;
}

/** Why a caller gets no connection; the last open, if it failed, is the cause. */
export function refusal(code: RefusalCode, place: Place, waitedMs = 0, stacks: readonly string[] = []): DbError {
  const { max, maxWaiting } = place.options;
  const { busy, pace } = place.stock;
  const waiting = place.line.size;
  const numbers: Numbers = { pool: place.name, max, maxWaiting, busy, waiting, waitedMs, stacks };
  const [what, remedy] = TEXTS[code](numbers);
  const message = `${what} (max ${max}, busy ${busy}, waiting ${waiting}). ${remedy}`;
  const retryable = code === "POOL_TIMEOUT" || code === "POOL_FULL";
  return new DbError(code, message, numbers, { retryable, ...pace.failure });
}

/** Throws when there is no use in waiting. */
export function checkPlace(place: Place, owner: Owner | undefined, stack: Stack): void {
  const { options, stock, line } = place;
  if (stock.isDisposed) throw refusal("POOL_CLOSED", place);
  // A waiter that a free connection can serve does not count as waiting.
  if (line.size >= options.maxWaiting + options.max - stock.busy) throw refusal("POOL_FULL", place);
  if (!owner || !isDeadlock(stock, owner)) return;
  const stacks = [stack, ...[...stock.entries].map((entry) => entry.stack)].map(textOf);
  throw refusal(
    "POOL_DEADLOCK",
    place,
    0,
    stacks.filter((each) => each !== undefined),
  );
}
