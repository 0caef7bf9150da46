import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";

/** Whether it came before its time was over. */
export function within(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimeout(() => resolve(false), timeoutMs);
    void promise.then(() => resolve(true), reject).finally(() => systemClock.clearTimeout(timer));
  });
}

/** Waits until the signal aborts, then throws its reason: the result is abandoned. */
export async function orAbort<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let onAbort!: () => void;
  const aborted = new Promise<never>((_, reject) => (onAbort = () => reject(reasonOf(signal!))));
  signal?.addEventListener("abort", onAbort);
  running.catch(() => undefined);
  try {
    return await Promise.race([running, aborted]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
