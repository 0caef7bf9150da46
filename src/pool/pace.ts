// When to open another connection? A burst of short work is over before an open is, and most of its opens would be waste.
// So one open at a time to begin with; twice as many with each one that succeeds, and with each STEP_MS in which no release
// served anybody in line. A dead server must not be stormed: UNPROVEN at most are under way until one succeeds, and a
// failure ends all this: one probe at a time, after ever longer delays.

const STEP_MS = 5;
const UNPROVEN = 4;
const BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;

/** How many opens may be under way. */
export class Pace {
  /** Retrying before this time is useless. */
  nextAt = 0;
  /** Waiters served by releases since the last step. */
  served = 0;
  /** Why the last open failed; nothing after one that succeeded. */
  failure: { cause?: unknown } = {};
  #failures = 0;
  #width = 1;
  #widest: number = UNPROVEN;
  /** Until then, that a connection has opened proves nothing. */
  #doubtedUntil = 0;

  allows(opening: number, now: number): boolean {
    if (now >= this.nextAt) {
      if (this.served === 0 || this.#width === 0) this.#width = Math.min(this.#width * 2 || 1, this.#widest);
      this.served = 0;
      this.nextAt = now + STEP_MS;
    }
    return opening < this.#width;
  }

  opened(now: number): void {
    if (now < this.#doubtedUntil) return;
    this.failure = {};
    this.#failures = 0;
    this.#widest = Infinity;
    this.#width = this.#width * 2 || 1;
  }

  failed(cause: unknown, now: number): void {
    this.failure = { cause };
    this.#widest = 1;
    this.#width = 0;
    const delayMs = Math.min(BACKOFF_MS * 2 ** this.#failures++, LONGEST_BACKOFF_MS);
    // Half of it by chance: isolates that lost the same server do not come back together.
    this.nextAt = now + Math.floor(delayMs * (1 - Math.random() / 2));
  }

  /** A connection was lost. With a refusal, its open has failed after all, though it had seemed to succeed. */
  lost(refusal: unknown, now: number): void {
    if (refusal === undefined) return this.narrow();
    this.#doubtedUntil = now + 2 * LONGEST_BACKOFF_MS;
    // Those that were opened together are refused together, and count once.
    if (this.#width > 0 || now >= this.nextAt) this.failed(refusal, now);
  }

  /** Starts over: the first waiter has come, or a connection was lost. */
  narrow(): void {
    this.#widest = Math.min(this.#widest, UNPROVEN);
    this.#width = Math.min(this.#width, 1);
    // The step that is over was of another line: it widens nothing.
    this.served = 1;
  }
}
