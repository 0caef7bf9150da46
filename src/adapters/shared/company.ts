import { systemClock } from "../../clock.ts";
import type { QueryStep, StepOutcome } from "../../contract/adapter.ts";
import { isDbError } from "../../errors.ts";

/** Slower than twice the usual answer by as much is slow, in milliseconds. */
const MARGIN_MS = 50;

/** Longest text that shares a flight, and is remembered. */
const MAX_LENGTH = 20_000;

const MAX_TEXTS = 500;

/**
 * Which reads share a flight, by their text. One that failed in company leaves alone from then on. After a flight that was
 * slow, its reads leave alone once, which shows which of them it was: the others are welcome again.
 */
export class Company {
  readonly #isRead: (text: string) => boolean;
  readonly #reads: Map<string, "shared" | "alone" | undefined> = new Map();
  readonly #slow: Set<string> = new Set();
  #usualMs = Infinity;

  /** @param isRead - whether a statement only reads, and depends on nothing that others have done on its connection. */
  constructor(isRead: (text: string) => boolean) {
    this.#isRead = isRead;
  }

  /** As `Adapter.readsAs`. */
  readsAs(text: string): "shared" | "alone" | undefined {
    const reads = this.#reads;
    if (!reads.has(text)) {
      if (reads.size >= MAX_TEXTS) reads.clear();
      reads.set(text, text.length > MAX_LENGTH || !this.#isRead(text) ? undefined : "shared");
    }
    return this.#slow.has(text) ? "alone" : reads.get(text);
  }

  /**
   * Sends reads, and takes note of how they fared.
   *
   * @param send - called with all of them, and once more with each that was too large in company.
   */
  watch(
    reads: readonly QueryStep[],
    send: (reads: readonly QueryStep[]) => Promise<StepOutcome[]>,
  ): Promise<StepOutcome[]> {
    const startedAt = systemClock.now();
    return send(reads).then((outcomes) => {
      const tookMs = systemClock.now() - startedAt;
      const hasFailed = outcomes.some(({ status }) => status === "failed");
      const isSlow = !hasFailed && tookMs > 2 * this.#usualMs + MARGIN_MS;
      // It may grow as well: a network that has become slower is no reason to leave alone for ever.
      this.#usualMs = Math.min(tookMs, this.#usualMs * 1.1);
      if (isSlow) for (const { statement } of reads) this.#suspect(statement.text);
      else if (reads.length === 1) this.#slow.delete(reads[0]!.statement.text);
      return hasFailed && reads.length > 1 ? this.#settle(reads, outcomes, send) : outcomes;
    });
  }

  async #settle(
    reads: readonly QueryStep[],
    outcomes: StepOutcome[],
    send: (reads: readonly QueryStep[]) => Promise<StepOutcome[]>,
  ): Promise<StepOutcome[]> {
    for (const [index, read] of reads.entries()) {
      const outcome = outcomes[index]!;
      if (outcome.status !== "failed") continue;
      this.part(read.statement.text);
      if (isTooLarge(outcome.error)) outcomes[index] = (await send([read]))[0]!;
    }
    return outcomes;
  }

  #suspect(text: string): void {
    if (this.#slow.size >= MAX_TEXTS) this.#slow.clear();
    this.#slow.add(text);
  }

  /** It leaves alone from now on. */
  part(text: string): void {
    this.#reads.set(text, "alone");
  }
}

/** It may have been too large for one request or answer only together with others. */
export function isTooLarge(error: unknown): boolean {
  return isDbError(error, "QUERY_FAILED") && /^(413|RESPONSE_TOO_LARGE)$/.test(error.details.dialectCode ?? "");
}
