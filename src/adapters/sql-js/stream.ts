import type { RowStream } from "../../contract/adapter.ts";
import type { RowBatch } from "../../contract/statement.ts";

/** Rows read step by step, until they end, the reader leaves, or the transaction that they are read in is over. */
export class SqlJsStream implements RowStream {
  readonly #open: Set<SqlJsStream>;
  readonly #batches: Generator<RowBatch, void>;
  readonly #signal: AbortSignal | undefined;
  readonly #toError: (thrown: unknown) => Error;
  #error: Error | undefined;

  /** @param open - those of its connection that have not ended; it enters and leaves by itself. */
  constructor(
    open: Set<SqlJsStream>,
    batches: Generator<RowBatch, void>,
    signal: AbortSignal | undefined,
    toError: (thrown: unknown) => Error,
  ) {
    this.#open = open.add(this);
    this.#batches = batches;
    this.#signal = signal;
    this.#toError = toError;
  }

  next(): IteratorResult<RowBatch, void> {
    if (this.#error) throw this.#error;
    if (this.#signal?.aborted) this.return();
    this.#signal?.throwIfAborted();
    try {
      const batch = this.#batches.next();
      if (batch.done) this.return();
      return batch;
    } catch (thrown) {
      this.return();
      throw this.#toError(thrown);
    }
  }

  return(): void {
    this.#open.delete(this);
    this.#batches.return();
  }

  /** Ends it from outside: whoever reads on is told why. */
  end(error: Error): void {
    this.#error = error;
    this.return();
  }
}
