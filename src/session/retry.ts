import type { Clock } from "../contract/runtime.ts";
import { isDbError } from "../errors.ts";

export interface RetryOptions {
  /** How often the work is done again after a failure. Integer >= 0. */
  readonly retries: number;
  /** Longest wait before the first retry, in milliseconds; it doubles with each. Default 50. */
  readonly delayMs?: number;
  /** Longest wait before any retry, in milliseconds. Default 2_000. */
  readonly maxDelayMs?: number;
}

/** @throws TypeError when the options cannot be meant. */
export function checkRetry(retry: number | RetryOptions = 0): Required<RetryOptions> {
  const { retries, delayMs = 50, maxDelayMs = 2_000 } = typeof retry === "number" ? { retries: retry } : retry;
  for (const [name, value] of Object.entries({ retries, delayMs, maxDelayMs })) {
    if (!(Number.isFinite(value) && value >= 0)) throw new TypeError(`Expected \`retry.${name}\` to be a number >= 0, got \`${String(value)}\``);
  }
  return { retries, delayMs, maxDelayMs };
}

/**
 * Does the work again while it fails in a way that is safe and worth to try anew: serialization failures, deadlocks, BUSY.
 * Waits with full jitter, so that losers of one race do not meet again.
 */
export async function retrying<T>(
  { retries, delayMs, maxDelayMs }: Required<RetryOptions>,
  clock: Clock,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  onRetry: (attempt: number, delayMs: number, error: unknown) => void,
): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const isSafe = isDbError(error) && error.retryable && error.outcome !== "unknown";
      if (count > retries || !isSafe || signal?.aborted === true) throw error;
      const pauseMs = Math.random() * Math.min(maxDelayMs, delayMs * 2 ** (count - 1));
      onRetry(count, pauseMs, error);
      await pause(pauseMs, clock, signal);
    }
  }
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
