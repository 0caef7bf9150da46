import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";

/** Whether it came before its time was over. */
export function within(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimeout(() => resolve(false), timeoutMs);
    const end = (settle: () => void): void => {
      systemClock.clearTimeout(timer);
      settle();
    };
    promise.then(
      () => end(() => resolve(true)),
      (error: unknown) => end(() => reject(error as Error)),
    );
  });
}

/** Waits until the signal aborts, then throws its reason: the result is abandoned. */
export async function orAbort<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return running;
  let onAbort!: () => void;
  const aborted = new Promise<never>((_, reject) => (onAbort = () => reject(reasonOf(signal))));
  signal.addEventListener("abort", onAbort);
  running.catch(() => undefined);
  try {
    return await Promise.race([running, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
