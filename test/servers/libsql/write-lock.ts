import type { EngineError } from "./failures.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** SQLITE_BUSY. SQLITE_BUSY_SNAPSHOT is another code: waiting does not heal it. */
const BUSY = 5;

/** A model of sqld's connection_manager.rs: writers stand in line, and the first takes the lock from a transaction that is too old. */
export class WriteLock {
  readonly #streams: () => Streams;
  readonly #timeoutMs: number;
  readonly #queues: boolean;
  #last: Promise<void> = Promise.resolve();
  #wakes: (() => void)[] = [];
  #waiting = 0;
  forcedRollbacks = 0;

  constructor(streams: () => Streams, timeoutMs: number, busy: "queue" | "fail") {
    this.#streams = streams;
    this.#timeoutMs = timeoutMs;
    this.#queues = busy === "queue";
  }

  /** How many wait for a transaction to end. */
  get waiting(): number {
    return this.#streams().all.some(isHolder) ? this.#waiting : 0;
  }

  /** Runs `work`, again and again while another stream holds the lock. */
  async run<T>(stream: Stream, work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      if ((error as EngineError).rawCode !== BUSY || !this.#queues) throw error;
    }
    const before = this.#last;
    let leave!: () => void;
    this.#last = new Promise((resolve) => (leave = resolve));
    this.#waiting++;
    try {
      await before;
      for (;;) {
        try {
          return work();
        } catch (error) {
          if ((error as EngineError).rawCode !== BUSY) throw error;
        }
        await this.#wait(stream);
      }
    } finally {
      this.#waiting--;
      leave();
    }
  }

  /** Tells those who wait that a lock may be free. */
  wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async #wait(stream: Stream): Promise<void> {
    const holder = this.#streams().all.find((other) => other !== stream && isHolder(other));
    if (holder === undefined) return new Promise((resolve) => setTimeout(resolve, 5));
    const leftMs = holder.transactionSince + this.#timeoutMs - Date.now();
    if (leftMs <= 0) {
      holder.rollBack();
      holder.wasRobbed = true;
      this.forcedRollbacks++;
      return this.wake();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wakes.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function isHolder({ isWriter, isInTransaction }: Stream): boolean {
  return isWriter && isInTransaction;
}
