import type { Clock } from "../contract/runtime.ts";

// What setTimeout can count: a longer delay would fire at once.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Readings in a row that may be left out. */
const UNREAD = 64;

/** A timer that is set. */
interface Alarm {
  readonly timer: unknown;
  readonly delayMs: number;
  /** When it fires, in the pool's time. After a jump of the clock, that is another moment. */
  readonly dueAt: number;
}

/**
 * A pool's time, which never runs backwards, and the pool's one timer. Clocks jump, timers do not: a timer fires when its
 * delay is over, whatever the clock says by then.
 */
export class Watch {
  /** The latest reading, in milliseconds since the first: a small integer costs no memory of its own. */
  now = 0;
  /** When the timer fires; `Infinity` = none is set. */
  dueAt: number = Infinity;
  readonly #clock: Clock;
  readonly #onTimer: (lostMs: number, before: number) => void;
  readonly #onSetBack: () => void;
  #read = Number.NaN;
  #unread = 0;
  #alarm: Alarm | undefined;
  /** It was set before the clock was set back: for how long the clock ran twice is known when it fires. */
  #witness: Alarm | undefined;
  #setBackAt = 0;
  /** The timer that was set last keeps the process alive. */
  #isHeld = true;

  /**
   * @param onTimer - called when the timer fires. `lostMs`: what had begun by `before` has lasted for that much longer than
   *   the pool's time says, as the clock was set back.
   */
  constructor(clock: Clock, onTimer: (lostMs: number, before: number) => void, onSetBack: () => void) {
    this.#clock = clock;
    this.#onTimer = onTimer;
    this.#onSetBack = onSetBack;
  }

  read(): number {
    const read = this.#clock.now();
    if (read !== this.#read) this.#pass(read);
    return this.now;
  }

  // A method of its own: a reading is short enough for V8 to inline where it is asked for.
  #pass(read: number): void {
    const passedMs = read - this.#read;
    this.#read = read;
    if (passedMs >= 0) this.now += passedMs;
    else if (passedMs < 0) this.#setBack();
  }

  #setBack(): void {
    // One millisecond apart: what has begun by now, and what begins from now on.
    this.#setBackAt = this.now++;
    if (!this.#witness) {
      this.#witness = this.#alarm;
      this.#alarm = undefined;
      this.#drop();
    }
    this.#onSetBack();
  }

  /**
   * For a lease that comes back. A reading costs as much as the rest of a release: it is left out after leases that took no
   * measurable time, and never for long. A lease that was long after all makes its connection look idle for longer than it
   * is, never for less.
   */
  readUnlessAt(leasedAt: number): void {
    if (this.now === leasedAt && --this.#unread > 0) return;
    this.#unread = this.read() === leasedAt ? UNREAD : 0;
  }

  /**
   * Takes note of a deadline that was counted from the latest reading. All time since the timer was set may have been a jump,
   * and all its delay may be still to come: where that is too late, it is dropped.
   *
   * @returns whether the timer is right for it, and keeps the process alive; else `arm()` has to follow.
   */
  expect(dueAt: number): boolean {
    const alarm = this.#alarm;
    if (!alarm) return false;
    if (this.now + alarm.delayMs <= dueAt) return this.#isHeld;
    this.#drop();
    return false;
  }

  /**
   * Sees to it that the timer fires at `dueAt` or before; `Infinity` = it is not needed.
   *
   * @param isHeld - whether the process must not end before.
   */
  arm(dueAt: number, isHeld: boolean): void {
    // One that fires too early is left alone: it asks again, and costs less than a new one. So is one that fires at once, for
    // what is overdue: set anew with each caller who comes, it would never fire.
    if (Math.max(dueAt, this.now) < this.dueAt || dueAt === Infinity) this.#drop();
    if (dueAt === Infinity) {
      this.#clear(this.#witness);
      this.#witness = undefined;
      return;
    }
    this.#alarm ??= this.#set(Math.min(Math.max(dueAt - this.now, 0), LONGEST_DELAY_MS));
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    this.#clock[isHeld ? "ref" : "unref"]?.(this.#alarm.timer);
  }

  #set(delayMs: number): Alarm {
    this.#isHeld = true;
    this.dueAt = this.now + delayMs;
    const alarm: Alarm = {
      timer: this.#clock.setTimeout(() => this.#fire(alarm), delayMs),
      delayMs,
      dueAt: this.dueAt,
    };
    return alarm;
  }

  #drop(): void {
    this.#clear(this.#alarm);
    this.#alarm = undefined;
    this.dueAt = Infinity;
  }

  #clear(alarm: Alarm | undefined): void {
    if (alarm) this.#clock.clearTimeout(alarm.timer);
  }

  #fire(alarm: Alarm): void {
    this.read();
    const lostMs = Math.max(alarm.dueAt - this.now, 0);
    if (alarm === this.#witness) {
      this.#witness = undefined;
      this.#onTimer(lostMs, this.#setBackAt);
    } else {
      this.#drop();
      this.now += lostMs;
      this.#onTimer(0, 0);
    }
  }
}
