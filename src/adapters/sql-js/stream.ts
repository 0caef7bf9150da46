import type { MaybePromise, RowStream } from "../../contract/adapter.ts";
import type { RowBatch } from "../../contract/statement.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Does `work` once it is the connection's turn at the engine. */
  inTurn<T>(work: () => T): MaybePromise<T>;
  toError(thrown: unknown): Error;
  onEnd(): unknown;
}

/** Rows read step by step, until they end, the reader leaves, or the transaction that they are read in is over. */
export class SqlJsStream implements RowStream {
  readonly #open: Set<SqlJsStream>;
  readonly #batches: Generator<RowBatch, void>;
  readonly #host: StreamHost;
  #error: unknown;

  /** @param open - those of its connection that have not ended; it enters and leaves by itself. */
  constructor(open: Set<SqlJsStream>, batches: Generator<RowBatch, void>, host: StreamHost) {
    this.#open = open.add(this);
    this.#batches = batches;
    this.#host = host;
  }

  next(): MaybePromise<IteratorResult<RowBatch, void>> {
    if (this.#error) throw this.#error;
    try {
      const read = this.#host.inTurn(() => this.#read());
      return read instanceof Promise ? read.catch((error: unknown) => this.#fail(error)) : read;
    } catch (error) {
      return this.#fail(error);
    }
  }

  return(): void {
    this.#open.delete(this);
    this.#batches.return();
    this.#host.onEnd();
  }

  /** Ends it from outside; later reads get the reason. */
  end(error: Error): void {
    this.#error = error;
    this.return();
  }

  #read(): IteratorResult<RowBatch, void> {
    try {
      const batch = this.#batches.next();
      if (batch.done) this.return();
      return batch;
    } catch (thrown) {
      throw this.#host.toError(thrown);
    }
  }

  #fail(error: unknown): never {
    this.return();
    throw error;
  }
}
