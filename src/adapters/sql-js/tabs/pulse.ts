import { systemClock } from "../../../clock.ts";

/** A leader is given up after three checks in which it was not heard, and a last question; the first check may have heard it before. */
const CHECKS = 5;
const MOST_MISSES = 3;

export interface PulseOptions {
  /** `Infinity` = for ever. */
  readonly timeoutMs: number;
  /** Whether anything is wanted of the leader. */
  isAsking(): boolean;
  /** Asks the leader for a sign of life. */
  ask(): void;
  onSilence(): void;
}

/** Whether a leader gives signs of life, while anything is wanted of it. */
export class Pulse {
  readonly #options: PulseOptions;
  #timer: unknown;
  #wasHeard = false;
  #misses = 0;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** The leader was heard. */
  hear(): void {
    this.#wasHeard = true;
  }

  /** Something is wanted of the leader. */
  watch(): void {
    if (this.#timer !== undefined || this.#options.timeoutMs === Infinity || !this.#options.isAsking()) return;
    // What was heard before says nothing about now.
    this.#wasHeard = false;
    this.#arm();
  }

  #arm(): void {
    this.#timer = systemClock.setTimeout(() => {
      this.#timer = undefined;
      this.#check();
    }, this.#options.timeoutMs / CHECKS);
  }

  /** Asks once more, and waits. */
  async probe(): Promise<boolean> {
    this.#wasHeard = false;
    this.#options.ask();
    await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), this.#options.timeoutMs / CHECKS));
    return this.#wasHeard;
  }

  stop(): void {
    systemClock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    // Counted by checks, and not by the clock: this tab may have been frozen itself.
    this.#misses = this.#wasHeard ? 0 : this.#misses + 1;
    this.#wasHeard = false;
    const isSilent = this.#misses === MOST_MISSES;
    if (isSilent || !this.#options.isAsking()) this.#misses = 0;
    if (!this.#options.isAsking()) return;
    if (isSilent) return this.#options.onSilence();
    this.#options.ask();
    this.#arm();
  }
}
