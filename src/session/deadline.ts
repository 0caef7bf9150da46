import type { MaybePromise } from "../contract/adapter.ts";
import type { Clock } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import { checkSignal, reasonOf, throwIfAborted } from "../signal.ts";

export interface DeadlineOptions {
  /** Ends the wait; rejects with the signal's own reason, unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time, in milliseconds; then `QUERY_TIMEOUT`. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

export const DEADLINE_OPTIONS: readonly (keyof DeadlineOptions)[] = ["signal", "timeoutMs"];

// setTimeout's longest delay: a longer one would fire at once.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** @throws TypeError that names what is invalid. */
export function checkDeadline({ signal, timeoutMs = 0 }: DeadlineOptions): void {
  checkSignal(signal);
  checkNumber("timeoutMs", timeoutMs);
}

/**
 * Arms a signal and a timeout, whichever comes first.
 *
 * @param giveUp - called once with the reason; immediately if the signal is already aborted.
 * @param isFlying - whether the statement or work may already have run.
 * @returns a function that disarms both; `undefined` if there is nothing to arm.
 */
export function arm(
  { signal, timeoutMs }: DeadlineOptions,
  of: "statement" | "session",
  clock: Clock,
  giveUp: (reason: unknown) => void,
  isFlying?: () => boolean,
): (() => void) | undefined {
  if (signal === undefined && timeoutMs === undefined) return undefined;
  checkSignal(signal);
  const onTimeout = (): void => end(timeoutError(of, timeoutMs!, isFlying?.()));
  const timer =
    timeoutMs === undefined
      ? undefined
      : clock.setTimeout(onTimeout, Math.min(checkNumber("timeoutMs", timeoutMs), LONGEST_DELAY_MS));
  const onAbort = (): void => end(reasonOf(signal!));
  const disarm = (): void => {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  const end = (reason: unknown): void => {
    disarm();
    giveUp(reason);
  };
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  return disarm;
}

/** @param isFlying - whether the statement or work may have run. */
export function timeoutError(of: "statement" | "session", timeoutMs: number, isFlying?: boolean): DbError {
  const message = `the ${of} took over ${timeoutMs} ms`;
  return new DbError("QUERY_TIMEOUT", message, { timeoutMs, of }, { outcome: isFlying ? "unknown" : "not-executed" });
}

/**
 * Runs `work` until it settles, or until its signal or deadline comes first.
 *
 * @param toError - called with the reason at that moment; the caller gets what it returns.
 */
export function bounded<T>(
  options: DeadlineOptions,
  clock: Clock,
  work: () => MaybePromise<T>,
  toError: (reason: unknown) => unknown,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    throwIfAborted(options.signal);
    const disarm = arm(options, "session", clock, (reason) => reject(toError(reason)));
    // Called synchronously: some contexts are only current here.
    void new Promise<T>((start) => start(work())).then(resolve, reject).then(disarm);
  });
}

/** Waits for a promise, and no longer than this. */
export async function within(promise: Promise<void>, timeoutMs: number, clock: Clock): Promise<void> {
  let timer: unknown;
  const over = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, timeoutMs)));
  await Promise.race([promise, over]).finally(() => clock.clearTimeout(timer));
}
