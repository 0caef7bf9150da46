import { systemClock } from "../../clock.ts";
import type { Clock, Runtime } from "../../contract/runtime.ts";

interface Timer {
  at: number;
  readonly order: number;
  readonly callback: () => void;
  /** It keeps the process alive. */
  isHeld: boolean;
}

/**
 * A clock that stands still until it is moved: timeouts, retries and idle times of a database are tested without waiting.
 *
 * @example
 * const clock = fakeClock();
 * const db = createDatabase(url, { adapters, runtime: clock.runtime() });
 * const waiting = db.session(work, { timeoutMs: 5_000 });
 * await clock.advance(5_000);
 * await expect(waiting).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
 */
export function fakeClock(): FakeClock {
  return new FakeClock();
}

/** A clock that stands still until it is moved, and knows how many timers are set. */
export class FakeClock implements Clock {
  /** Timers ever set. */
  timersSet = 0;
  /** Time that has passed: what timers count, whatever the clock says. */
  elapsed = 0;
  #now: number;
  #until = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #settle: () => Promise<void>;

  constructor(now = 1_000_000, settlePromises: () => Promise<void> = settle) {
    this.#now = now;
    this.#settle = settlePromises;
  }

  /** Milliseconds. */
  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const order = ++this.timersSet;
    this.#timers.set(order, { at: this.#now + Math.max(1, delayMs), order, callback, isHeld: true });
    return order;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Lets the process end although the timer is set. */
  unref(timer: unknown): void {
    this.#hold(timer, false);
  }

  /** Keeps the process alive until the timer fires. */
  ref(timer: unknown): void {
    this.#hold(timer, true);
  }

  /** Timers set and not yet fired or cleared. */
  get allTimers(): number {
    return this.#timers.size;
  }

  /** Those of them that keep the process alive. */
  get timers(): number {
    return [...this.#timers.values()].filter(({ isHeld }) => isHeld).length;
  }

  /** Lets time pass: fires each timer when its time has come, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    this.#until = this.#now + ms;
    await this.#settle();
    for (let timer = this.#next(); timer !== undefined; timer = this.#next()) {
      this.#pass(timer.at);
      this.#timers.delete(timer.order);
      timer.callback();
      await this.#settle();
    }
    this.#pass(this.#until);
  }

  /** Lets time pass without firing anything, as for a frozen isolate; backwards, as when the clock is set. */
  jump(ms: number): void {
    this.#now += ms;
    this.elapsed += Math.max(ms, 0);
  }

  /** Sets the clock back. Timers count time that passes, and do not heed it. */
  setBack(ms: number): void {
    this.setForward(-ms);
  }

  /** Sets the clock forward. */
  setForward(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers.values()) timer.at += ms;
    this.#until += ms;
  }

  /** A runtime on this clock, for `createDatabase()`. */
  runtime(maxConnections = 10): Runtime {
    return { name: "fake", clock: this, maxConnections };
  }

  #hold(timer: unknown, isHeld: boolean): void {
    const found = this.#timers.get(timer as number);
    if (found) found.isHeld = isHeld;
  }

  #pass(until: number): void {
    if (until > this.#now) this.jump(until - this.#now);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (
        timer.at <= this.#until &&
        (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
      )
        next = timer;
    }
    return next;
  }
}

/** Lets every promise that can settle do so: they are all ahead of the next macrotask. */
function settle(): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimeout(resolve, 0));
}
