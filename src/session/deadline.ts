import type { Clock } from "../contract/runtime.ts";
import { DbError, type Outcome } from "../errors.ts";

export interface DeadlineOptions {
  /** Ends the wait; rejects with the signal's own reason, unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time, in milliseconds; `QUERY_TIMEOUT` when it has passed. Default: none. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Arms a signal and a timeout, whichever comes first.
 *
 * @param giveUp - told the reason, once; at once when the signal is aborted already.
 * @returns disarms both.
 */
export function armDeadline(
  { signal, timeoutMs }: DeadlineOptions,
  clock: Clock,
  giveUp: (reason: unknown) => void,
  timedOut: (timeoutMs: number) => DbError,
): () => void {
  const onAbort = (): void => giveUp(signal!.reason);
  if (signal?.aborted === true) onAbort();
  const timer = timeoutMs === undefined ? undefined : clock.setTimeout(() => giveUp(timedOut(timeoutMs)), timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    if (timer !== undefined) clock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}

/** @throws TypeError when the options cannot be meant. */
export function checkDeadline({ signal, timeoutMs }: DeadlineOptions): void {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw new TypeError(`Expected \`timeoutMs\` to be a number >= 0, got \`${String(timeoutMs)}\``);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw new TypeError(`Expected \`signal\` to be an AbortSignal, got \`${String(signal)}\``);
  }
}

export function timeoutError(of: "statement" | "session", timeoutMs: number, outcome: Outcome): DbError {
  return new DbError("QUERY_TIMEOUT", `the ${of} was not done within ${timeoutMs} ms`, { timeoutMs, of }, { outcome });
}
