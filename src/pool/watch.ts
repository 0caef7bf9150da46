import type { Clock } from "../contract/runtime.ts";

// What setTimeout can count: a longer delay would fire at once.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** A pool's time, which never runs backwards, and the pool's one timer. */
export class Watch {
  /** The latest reading, in milliseconds since the first: a small integer costs no memory of its own. */
  now = 0;
  readonly #clock: Clock;
  readonly #onTimer: () => void;
  readonly #onJumpBack: () => void;
  #read = Number.NaN;
  #timer: unknown;
  #dueAt = Infinity;

  constructor(clock: Clock, onTimer: () => void, onJumpBack: () => void) {
    this.#clock = clock;
    this.#onTimer = onTimer;
    this.#onJumpBack = onJumpBack;
  }

  read(): number {
    const read = this.#clock.now();
    const passedMs = read - this.#read;
    this.#read = read;
    if (passedMs >= 0) this.now += passedMs;
    else this.#onJumpBack();
    return this.now;
  }

  /** Sees to it that the timer fires at `dueAt` or before; `Infinity` = it is not needed. */
  arm(dueAt: number): void {
    // One that fires too early is left alone: it asks again, and costs less than a new one.
    if (dueAt >= this.#dueAt && dueAt < Infinity) return;
    if (this.#dueAt < Infinity) this.#clock.clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    if (dueAt < Infinity)
      this.#timer = this.#clock.setTimeout(
        () => this.#fire(),
        Math.min(Math.max(dueAt - this.now, 0), LONGEST_DELAY_MS),
      );
  }

  #fire(): void {
    const { now } = this;
    // A clock that was set back cannot tell how long it was; that the timer fired can.
    if (this.read() === now) this.now = Math.max(now, this.#dueAt);
    this.#dueAt = Infinity;
    this.#onTimer();
  }
}
