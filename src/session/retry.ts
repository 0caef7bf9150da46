import type { Clock } from "../contract/runtime.ts";
import { isDbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";

export interface RetryOptions {
  /** How often the work is done again after a failure. Integer >= 0. */
  readonly retries: number;
  /** Longest wait before the first retry, in milliseconds; it doubles with each. Default 50. */
  readonly delayMs?: number;
  /** Longest wait before any retry, in milliseconds. Default 2_000. */
  readonly maxDelayMs?: number;
}

/**
 * Does the work again while it fails in a way that is safe and worth to try anew: serialization failures, deadlocks, BUSY.
 * Waits with full jitter, so that losers of one race do not meet again.
 */
export async function retrying<T>(
  retry: number | RetryOptions | undefined,
  clock: Clock,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  onRetry: (attempt: number, delayMs: number, error: unknown) => void,
): Promise<T> {
  const { retries = 0, delayMs = 50, maxDelayMs = 2_000 } = typeof retry === "object" ? retry : { retries: retry };
  checkNumber("retry", retries);
  checkNumber("retry.delayMs", delayMs);
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const isSafe = isDbError(error) && error.retryable && error.outcome !== "unknown";
      if (count > retries || !isSafe || signal?.aborted === true) throw error;
      const pauseMs = Math.random() * Math.min(maxDelayMs, delayMs * 2 ** (count - 1));
      onRetry(count, pauseMs, error);
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          clock.clearTimeout(timer);
          reject(signal!.reason);
        };
        const timer = clock.setTimeout(() => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        }, pauseMs);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    }
  }
}
