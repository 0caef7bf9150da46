import type { Clock } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";

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
 * @param isFlying - whether what it is for may have been executed already.
 * @returns disarms both; `undefined` when there was nothing to arm.
 */
export function armDeadline(
  { signal, timeoutMs }: DeadlineOptions,
  of: "statement" | "session",
  clock: Clock,
  giveUp: (reason: unknown) => void,
  isFlying: () => boolean,
): (() => void) | undefined {
  if (signal === undefined && timeoutMs === undefined) return undefined;
  const onAbort = (): void => giveUp(signal!.reason);
  const onTimeout = (): void => {
    const outcome = isFlying() ? "unknown" : "not-executed";
    giveUp(new DbError("QUERY_TIMEOUT", `the ${of} was not done within ${timeoutMs} ms`, { timeoutMs: timeoutMs!, of }, { outcome }));
  };
  const timer = timeoutMs === undefined ? undefined : clock.setTimeout(onTimeout, checkNumber("timeoutMs", timeoutMs));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return () => {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}
