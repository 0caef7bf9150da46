import type { Clock, Runtime } from "../../src/contract/runtime.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on, and knows how many timers are set. */
export class FakeClock implements Clock {
  /** Timers ever set. */
  timersSet = 0;
  #now: number;
  readonly #timers = new Map<number, Timer>();
  readonly #settle: () => Promise<void>;

  constructor(now = 1_000_000, settlePromises: () => Promise<void> = settle) {
    this.#now = now;
    this.#settle = settlePromises;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const order = ++this.timersSet;
    this.#timers.set(order, { at: this.#now + Math.max(1, delayMs), order, callback });
    return order;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Timers set and not yet fired or cleared. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass: fires each timer when its time has come, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#settle();
    for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
      this.#now = Math.max(this.#now, timer.at);
      this.#timers.delete(timer.order);
      timer.callback();
      await this.#settle();
    }
    this.#now = until;
  }

  /** Lets time pass without firing anything, as for a frozen isolate; backwards, as when the clock is set. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Sets the clock back. Timers count time that passes, and do not heed it. */
  setBack(ms: number): void {
    this.#now -= ms;
    for (const [order, timer] of this.#timers) this.#timers.set(order, { ...timer, at: timer.at - ms });
  }

  runtime(maxConnections = 10): Runtime {
    return { name: "fake", clock: this, maxConnections };
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (
        timer.at <= until &&
        (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
      )
        next = timer;
    }
    return next;
  }
}

/** Lets every promise that can settle do so: they are all ahead of the next macrotask. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
