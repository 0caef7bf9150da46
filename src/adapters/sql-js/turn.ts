import { systemClock } from "../../clock.ts";
import { DbError } from "../../errors.ts";
import { reasonOf } from "../../signal.ts";

/** As long as a database waits for the transaction of another one of its name, by default. */
export const BUSY_TIMEOUT_MS: number = 5_000;
/** As far as timers go: a longer one runs out at once. */
const LONGEST_MS = 2 ** 31 - 1;

interface Waiter {
  readonly who: object;
  readonly resume: () => void;
}

/** Whose turn it is at an engine: one connection at a time, first come first served. */
export class Turn {
  /** Who has it; handed to the first in line, so that nobody comes in between. */
  holder: object | undefined;
  readonly #line: Waiter[] = [];

  /**
   * Waits for the turn.
   *
   * @throws DbError `QUERY_FAILED` of kind `busy` after `timeoutMs`; or the signal's own reason, unchanged.
   */
  wait(who: object, timeoutMs: number = BUSY_TIMEOUT_MS, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        systemClock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const waiter = { who, resume: settle };
      const leave = (error: unknown): void => {
        reject(error);
        settle();
        this.#line.splice(this.#line.indexOf(waiter), 1);
      };
      const abort = (): void => leave(reasonOf(signal!));
      const timer = systemClock.setTimeout(() => leave(busy(timeoutMs)), Math.min(timeoutMs, LONGEST_MS));
      this.#line.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    });
  }

  /** The holder is done. */
  pass(): void {
    const next = this.#line.shift();
    this.holder = next?.who;
    next?.resume();
  }
}

function busy(timeoutMs: number): DbError {
  const message = `another Database of this name was in a transaction for over ${timeoutMs} ms: is this session inside it?`;
  const details = { kind: "busy", sql: "", dialectCode: "SQLITE_BUSY" } as const;
  return new DbError("QUERY_FAILED", message, details, { retryable: true });
}
