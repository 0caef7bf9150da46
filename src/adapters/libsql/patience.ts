import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";

/** As long as sqld lets a transaction keep others from writing. */
const LONGEST_MS = 5_000;

/** Waits between attempts at what is busy: with full jitter, longer each time, and for five seconds in all. */
export class Patience {
  #spentMs = 0;
  #lastAt: number | undefined;
  #pauseMs = 0;
  #delayMs = 8;

  /** @returns false when it is at its end; rejects with the signal's own reason. */
  async wait(signal: AbortSignal | undefined): Promise<boolean> {
    const now = systemClock.now();
    // Where the clock was set back, the pauses are what has passed at least.
    this.#spentMs += Math.max(now - (this.#lastAt ?? now), this.#pauseMs);
    if (this.#spentMs >= LONGEST_MS) return false;
    this.#lastAt = now;
    this.#delayMs = Math.min(this.#delayMs * 2, 250);
    this.#pauseMs = Math.min(Math.random() * this.#delayMs, LONGEST_MS - this.#spentMs);
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        systemClock.clearTimeout(timer);
        reject(reasonOf(signal!));
      };
      const timer = systemClock.setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, this.#pauseMs);
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
    });
    return true;
  }
}
