import { systemClock } from "../../clock.ts";
import type { QueryStep, StepOutcome } from "../../contract/adapter.ts";
import { isDbError } from "../../errors.ts";

/** Slower than twice the usual answer by as much is slow, in milliseconds. */
const MARGIN_MS = 50;

/** Longest text that shares a flight. */
const MAX_LENGTH = 20_000;

const MAX_TEXTS = 200;

/**
 * Which reads share a flight, by their text. One that failed in company leaves alone from then on. After a flight that was
 * slow, its reads leave alone once, which shows which of them it was: the others are welcome again.
 */
export class Company {
  readonly #apart: Map<string, "failed" | "slow"> = new Map();
  #usualMs = Infinity;

  welcomes(text: string): boolean {
    return text.length <= MAX_LENGTH && !this.#apart.has(text);
  }

  /**
   * Sends reads, and takes note of how they fared.
   *
   * @param send - called with all of them, and once more with each that was too large in company.
   */
  async watch(
    reads: readonly QueryStep[],
    send: (reads: readonly QueryStep[]) => Promise<StepOutcome[]>,
  ): Promise<StepOutcome[]> {
    const startedAt = systemClock.now();
    const outcomes = await send(reads);
    const tookMs = systemClock.now() - startedAt;
    const hasFailed = outcomes.some(({ status }) => status === "failed");
    const isSlow = !hasFailed && tookMs > 2 * this.#usualMs + MARGIN_MS;
    // It may grow as well: a network that has become slower is no reason to leave alone for ever.
    this.#usualMs = Math.min(tookMs, this.#usualMs * 1.1);
    const isAlone = reads.length === 1;
    for (const [index, read] of reads.entries()) {
      const { text } = read.statement;
      const outcome = outcomes[index]!;
      if (!isAlone && outcome.status === "failed") {
        this.part(text);
        if (isTooLarge(outcome.error)) outcomes[index] = (await send([read]))[0]!;
      } else if (isSlow) this.#note(text, "slow");
      else if (isAlone && this.#apart.get(text) === "slow") this.#apart.delete(text);
    }
    return outcomes;
  }

  /** It leaves alone from now on. */
  part(text: string): void {
    this.#note(text, "failed");
  }

  #note(text: string, why: "failed" | "slow"): void {
    const [oldest] = this.#apart.size < MAX_TEXTS ? [] : this.#apart.keys();
    if (oldest !== undefined) this.#apart.delete(oldest);
    if (this.#apart.get(text) !== "failed") this.#apart.set(text, why);
  }
}

/** libSQL answers that as well where it is the answers of all that are too large together. */
function isTooLarge(error: unknown): boolean {
  return isDbError(error, "QUERY_FAILED") && error.details.dialectCode === "RESPONSE_TOO_LARGE";
}
