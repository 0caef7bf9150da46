import type { DriverConnection, RowStream, StreamOptions } from "../../contract/adapter.ts";
import type { RowBatch, Statement } from "../../contract/statement.ts";
import { transactionLost } from "../../adapters/shared/failures.ts";
import type { SavepointConnection } from "./savepoint-connection.ts";

/** A stream on the connection of a test: each of its batches waits for the flights of others, and for nothing else. */
export class SavepointStream implements RowStream {
  readonly #connection: Pick<SavepointConnection, "run" | "alone" | "level">;
  readonly #open: () => RowStream;
  readonly #options: StreamOptions;
  #stream: RowStream | undefined;
  #level: SavepointConnection["level"];
  #isOver = false;

  constructor(
    connection: Pick<SavepointConnection, "run" | "alone" | "level">,
    driver: DriverConnection,
    statement: Statement,
    options: StreamOptions,
  ) {
    this.#connection = connection;
    this.#options = options;
    const { batchSize, mayGrow } = options;
    // Neither settings nor signal: those are made here, and given up here.
    this.#open = () => driver.stream!(statement, { batchSize, mayGrow });
  }

  async next(): Promise<IteratorResult<RowBatch, void>> {
    const { settings, signal } = this.#options;
    if (this.#isOver) return { done: true, value: undefined };
    // Other drivers stop their streams at a rollback; here that was one to a savepoint.
    if (this.#level?.isUndone) throw transactionLost("rollback");
    const isBegun = this.#stream !== undefined;
    const read = async (): Promise<IteratorResult<RowBatch, void>> => {
      if (!isBegun) this.#level = this.#connection.level;
      return (this.#stream ??= this.#open()).next();
    };
    return this.#connection.run(() => this.#connection.alone(settings, read), isBegun, signal);
  }

  async return(): Promise<void> {
    const stream = this.#stream;
    if (this.#isOver) return;
    this.#isOver = true;
    if (stream) await this.#connection.run(async () => stream.return(), true, undefined);
  }
}
