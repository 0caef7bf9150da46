// Waits that end: each in one promise, since many wait here.

import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";

/** Whether it came before its time was over. */
export function within(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimeout(() => resolve(false), timeoutMs);
    promise.then(
      () => {
        systemClock.clearTimeout(timer);
        resolve(true);
      },
      (error: unknown) => {
        systemClock.clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Waits until the signal aborts, then throws its reason: the result is abandoned. */
export function orAbort<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return running;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reasonOf(signal));
    const leave = (): void => signal.removeEventListener("abort", onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
    running.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}
