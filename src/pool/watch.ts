import type { Clock } from "../contract/runtime.ts";

// What setTimeout can count: a longer delay would fire at once.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** A pool's time: a clock that never runs backwards, and the pool's one timer. */
export class Watch {
  /** The latest reading, in milliseconds. */
  now = 0;
  readonly #clock: Clock;
  readonly #onTimer: () => void;
  readonly #onJumpBack: () => void;
  #shiftMs = 0;
  #timer: unknown;
  #dueAt = Infinity;

  constructor(clock: Clock, onTimer: () => void, onJumpBack: () => void) {
    this.#clock = clock;
    this.#onJumpBack = onJumpBack;
    this.#onTimer = () => {
      this.#timer = undefined;
      this.#dueAt = Infinity;
      onTimer();
    };
  }

  read(): number {
    const now = this.#clock.now() + this.#shiftMs;
    if (now >= this.now) return (this.now = now);
    // The clock was set back: time stands still here, so that no wait gets longer; how much of it passed is not known.
    this.#shiftMs += this.now - now;
    this.#onJumpBack();
    return this.now;
  }

  /** Sees to it that the timer fires at `dueAt` or before; `Infinity` = it is not needed. */
  arm(dueAt: number): void {
    // One that fires too early is left alone: it asks again, and costs less than a new one.
    if (dueAt >= this.#dueAt && dueAt < Infinity) return;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer =
      dueAt < Infinity
        ? this.#clock.setTimeout(this.#onTimer, Math.min(Math.max(dueAt - this.now, 0), LONGEST_DELAY_MS))
        : undefined;
  }
}
