import type { RowStream } from "../../contract/adapter.ts";
import type { RowBatch } from "../../contract/statement.ts";
import { orAbort } from "../shared/waits.ts";
import { throwIfAborted } from "../../signal.ts";

/** What a stream needs of its connection. */
interface StreamHost {
  readonly signal: AbortSignal | undefined;
  toError(thrown: unknown): Error;
}

/** Batches of rows, until they end, the reader leaves, or the transaction in which they are read is over. */
export class SimpleStream implements RowStream {
  readonly #open: Set<SimpleStream>;
  readonly #batches: AsyncGenerator<RowBatch, void>;
  readonly #host: StreamHost;
  #error: Error | undefined;

  /** @param open - those of its connection that have not ended; it enters and leaves by itself. */
  constructor(open: Set<SimpleStream>, batches: AsyncGenerator<RowBatch, void>, host: StreamHost) {
    this.#open = open.add(this);
    this.#batches = batches;
    this.#host = host;
  }

  async next(): Promise<IteratorResult<RowBatch, void>> {
    if (this.#error) throw this.#error;
    try {
      throwIfAborted(this.#host.signal);
      const batch = await orAbort(
        this.#batches.next().catch((thrown: unknown) => {
          throw this.#host.toError(thrown);
        }),
        this.#host.signal,
      );
      if (batch.done) this.#open.delete(this);
      return batch;
    } catch (error) {
      // Not waited for: the driver may be in the middle of a read that never ends.
      this.return().catch(() => undefined);
      throw error;
    }
  }

  async return(): Promise<void> {
    this.#open.delete(this);
    await this.#batches.return();
  }

  /** Ends it from outside: whoever reads on gets the error. */
  end(error: Error): Promise<void> {
    this.#error = error;
    return this.return().catch(() => undefined);
  }
}
