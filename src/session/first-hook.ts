import type { Clock } from "../contract/runtime.ts";

/** How often those who wait look, and the one who runs it says that it still does. */
const POLL_MS = 10;
const BEAT_MS = 250;
/** From when on one who says nothing is taken to be cut off. */
const SILENCE_MS = 1_000;

/** One who waits to run the hook, or runs it. */
export interface HookTurn {
  isOver: boolean;
  /** Ends its sleep. */
  wake?: () => void;
  /** The timer of its sign of life, also when another has taken over: no request clears another's timer. */
  beat?: unknown;
}

/**
 * The turn to run the first connection's hook. It runs until it has succeeded once; nobody uses a connection before. Each
 * looks for itself, as no request may wait for another; and one whose request was cut off holds up nobody for long.
 */
export class FirstHook {
  readonly #clock: Clock;
  #isDone = false;
  /** Whose turn it is, and until when without another sign of life. */
  #turn: HookTurn | undefined;
  #until = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until the hook has run, or until it is this one's turn to run it. @returns whether it is. */
  async wait(turn: HookTurn): Promise<boolean> {
    while (!this.#isDone && !turn.isOver && !this.#isFree()) {
      await this.#sleep(turn);
      // Once more: after a long task, the timers of the one who runs it come late too.
      if (!this.#isDone && this.#isFree()) await this.#sleep(turn);
    }
    if (this.#isDone || turn.isOver) return false;
    this.#turn = turn;
    this.#live(turn);
    return true;
  }

  /** The hook has run, has failed, or is no longer waited for. */
  end(turn: HookTurn, isDone: boolean): void {
    turn.isOver = true;
    turn.wake?.();
    this.#isDone ||= isDone;
    this.#clock.clearTimeout(turn.beat);
    if (this.#turn === turn) this.#turn = undefined;
  }

  #isFree(): boolean {
    return this.#turn === undefined || this.#clock.now() >= this.#until;
  }

  #live(turn: HookTurn): void {
    if (turn !== this.#turn) return;
    this.#until = this.#clock.now() + SILENCE_MS;
    turn.beat = this.#clock.setTimeout(() => this.#live(turn), BEAT_MS);
  }

  #sleep(turn: HookTurn): Promise<void> {
    if (turn.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(resolve, POLL_MS);
      turn.wake = (): void => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}
