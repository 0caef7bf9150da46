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

  /** Sends reads, and takes note of how they fared. */
  async watch(reads: readonly QueryStep[], send: () => Promise<StepOutcome[]>): Promise<StepOutcome[]> {
    const startedAt = systemClock.now();
    const outcomes = await send();
    const tookMs = systemClock.now() - startedAt;
    const hasFailed = outcomes.some(({ status }) => status === "failed");
    const isSlow = !hasFailed && tookMs > 2 * this.#usualMs + MARGIN_MS;
    // It may grow as well: a network that has become slower is no reason to leave alone for ever.
    this.#usualMs = Math.min(tookMs, this.#usualMs * 1.1);
    const isAlone = reads.length === 1;
    reads.forEach(({ statement: { text } }, index) => {
      if (!isAlone && outcomes[index]!.status === "failed") this.part(text);
      else if (isSlow) this.#note(text, "slow");
      else if (isAlone && this.#apart.get(text) === "slow") this.#apart.delete(text);
    });
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

/** Whether what failed was too large together with others, or may have been. */
export function isTooLarge(error: unknown): boolean {
  return isDbError(error, "QUERY_FAILED") && /^(413|507|RESPONSE_TOO_LARGE)$/.test(error.details.dialectCode ?? "");
}
