// When to open another connection. A burst of short work is over before an open is: most opens of a burst are waste.
// Rule: one open at a time to begin with. Twice as many with each open that succeeds, and with each STEP_MS in which the
// line was not drained so fast that it would be empty before an open is done. Until a server is proven alive, UNPROVEN at
// most, so that a dead one is not stormed. A failed open ends all that: one probe at a time, spaced by doubling delays.

const STEP_MS = 5;
const UNPROVEN = 4;
/** An open is taken to last this long at least: what ends sooner widens the pace by itself. */
const USUAL_OPEN_MS = 100;
const BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;

/** How many opens may be under way. */
export class Pace {
  /** Before it, asking again is of no use. */
  nextAt = 0;
  /** Waiters served by a release since the last step. */
  served = 0;
  /** Why the last open failed; `undefined` after one that succeeded. */
  failure: { readonly error: unknown } | undefined;
  #width = 1;
  #isProven = false;
  #failures = 0;
  #openMs = USUAL_OPEN_MS;
  #steppedAt = 0;

  /** The line was empty until now. */
  begin(now: number): void {
    this.#width = 1;
    this.#startStep(now);
  }

  /** @param waiting - callers in line for whom no open is under way. */
  allows(underWay: number, waiting: number, now: number): boolean {
    if (now < this.nextAt && this.#failures > 0) return false;
    const elapsedMs = now - this.#steppedAt;
    if (elapsedMs >= STEP_MS && this.#failures === 0) {
      const drainMs = (waiting * elapsedMs) / this.served;
      if (drainMs > this.#openMs && (this.#isProven || this.#width < UNPROVEN)) this.#width *= 2;
      this.#startStep(now);
    }
    return underWay < this.#width;
  }

  opened(durationMs: number): void {
    this.#openMs = Math.max(USUAL_OPEN_MS, durationMs);
    this.failure = undefined;
    this.#failures = 0;
    this.#isProven = true;
    this.#width *= 2;
  }

  failed(error: unknown, now: number): void {
    this.failure = { error };
    this.doubt();
    const delayMs = Math.min(BACKOFF_MS * 2 ** this.#failures++, LONGEST_BACKOFF_MS);
    // Half of it by chance: isolates that lost the same server do not come back together.
    this.nextAt = now + delayMs * (1 - Math.random() / 2);
  }

  /** A connection was lost: whether the server is alive is open again. */
  doubt(): void {
    this.#width = 1;
    this.#isProven = false;
  }

  #startStep(now: number): void {
    this.#steppedAt = now;
    this.served = 0;
    if (this.#failures === 0) this.nextAt = now + STEP_MS;
  }
}
