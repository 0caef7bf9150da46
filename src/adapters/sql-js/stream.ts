import type { RowStream } from "../../contract/adapter.ts";
import type { RowBatch } from "../../contract/statement.ts";

/** What a stream tells its connection. */
export interface StreamHost {
  toError(thrown: unknown): Error;
  onEnd(): void;
}

/** Rows read step by step, until they end, the reader leaves, or the transaction that they are read in is over. */
export class SqlJsStream implements RowStream {
  readonly #batches: Generator<RowBatch, void>;
  readonly #signal: AbortSignal | undefined;
  readonly #host: StreamHost;
  #error: Error | undefined;

  constructor(batches: Generator<RowBatch, void>, signal: AbortSignal | undefined, host: StreamHost) {
    this.#batches = batches;
    this.#signal = signal;
    this.#host = host;
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
      throw this.#host.toError(thrown);
    }
  }

  return(): void {
    this.#host.onEnd();
    this.#batches.return();
  }

  /** Ends it from outside: whoever reads on is told why. */
  end(error: Error): void {
    this.#error = error;
    this.return();
  }
}
