import type { Clock } from "../contract/runtime.ts";
import { isDbError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { checkNumber } from "../pool/options.ts";
import { arm } from "./deadline.ts";
import { reasonOf } from "../signal.ts";

export interface RetryOptions {
  /** How often the work is retried after a failure. Integer >= 0. */
  readonly retries: number;
  /** Longest wait before the first retry, in milliseconds; it doubles with each. Default 50. */
  readonly delayMs?: number;
  /** Longest wait before any retry, in milliseconds. Default 2_000. */
  readonly maxDelayMs?: number;
}

/** One attempt, and what is known of it when it has failed. */
export interface Attempt<T> {
  readonly result: Promise<T>;
  /** Something that it did is there to stay. */
  hasKept(): boolean;
  onRetry(attempt: number, delayMs: number, error: unknown): void;
}

/** Begins attempts, one after another, until one does not lose the race. */
export async function retrying<T>(
  begin: () => Attempt<T>,
  retry: number | RetryOptions = 0,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<T> {
  if (retry === 0) return begin().result;
  const { retries, delayMs, maxDelayMs } = checkRetry(retry);
  for (let count = 1; ; count++) {
    const attempt = begin();
    try {
      return await attempt.result;
    } catch (error) {
      if (count > retries || !isRetryable(error) || attempt.hasKept() || signal?.aborted) throw error;
      // Full jitter: losers of one race do not meet again.
      const pauseMs = Math.random() * Math.min(maxDelayMs, delayMs * 2 ** (count - 1));
      attempt.onRetry(count, pauseMs, error);
      await new Promise((resolve) => arm({ signal, timeoutMs: pauseMs }, "session", clock, resolve));
      if (signal?.aborted) throw reasonOf(signal);
    }
  }
}

/** Fills in the defaults. @throws TypeError that names what is invalid. */
export function checkRetry(retry: number | RetryOptions): Required<RetryOptions> {
  const isObject = typeof retry === "object" && retry !== null;
  const { retries, delayMs = 50, maxDelayMs = 2_000 } = isObject ? retry : { retries: retry };
  if (isObject) checkNames(retry, ["retries", "delayMs", "maxDelayMs"], "`retry`");
  checkNumber("retry", retries);
  checkNumber("delayMs", delayMs);
  checkNumber("maxDelayMs", maxDelayMs);
  return { retries, delayMs, maxDelayMs };
}

/** Also where an ORM has wrapped it: the first DbError of its causes counts. */
function isRetryable(error: unknown): boolean {
  let found = error;
  for (let depth = 0; depth < 10 && found instanceof Error && !isDbError(found); depth++) found = found.cause;
  return isDbError(found) && found.retryable && found.outcome !== "unknown";
}
