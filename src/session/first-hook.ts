import type { Clock } from "../contract/runtime.ts";

/** How often those who wait look, and the one who runs it says that it still does. */
const POLL_MS = 10;
const BEAT_MS = 250;
/** From when on one who says nothing is taken to be cut off. */
const SILENCE_MS = 1_000;

/**
 * The turn to run the first connection's hook. It runs until it has succeeded once; nobody uses a connection before. Each
 * looks for itself, as no request may wait for another; and one whose request was cut off holds up nobody for long.
 */
export class FirstHook {
  readonly #clock: Clock;
  #isDone = false;
  /** Whose turn it is, and until when without another sign of life; 0: nobody's. */
  #turn = 0;
  #until = 0;
  #beat: unknown;
  #turns = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until the hook has run, or until it is the caller's turn to run it. @returns whether it is. */
  async turn(): Promise<boolean> {
    while (!this.#isDone && !this.#isFree()) {
      await this.#sleep();
      // Once more: after a long task, the timers of the one who runs it come late too.
      if (!this.#isDone && this.#isFree()) await this.#sleep();
    }
    if (this.#isDone) return false;
    this.#turn = ++this.#turns;
    this.#live(this.#turn);
    return true;
  }

  /** The hook has run, or has failed. */
  end(isDone: boolean): void {
    this.#isDone ||= isDone;
    this.#turn = 0;
    this.#clock.clearTimeout(this.#beat);
  }

  #isFree(): boolean {
    return this.#turn === 0 || this.#clock.now() >= this.#until;
  }

  #live(turn: number): void {
    if (turn !== this.#turn) return;
    this.#until = this.#clock.now() + SILENCE_MS;
    this.#beat = this.#clock.setTimeout(() => this.#live(turn), BEAT_MS);
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, POLL_MS));
  }
}
