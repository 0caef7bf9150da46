import type { RowStream, StreamOptions } from "../../contract/adapter.ts";
import type { RawResult, RowBatch, SqlValue, Statement } from "../../contract/statement.ts";
import { transactionLost } from "../shared/failures.ts";
import { toDbError, unknown } from "./errors.ts";
import { untilAborted } from "./remote.ts";
import { decode } from "./values.ts";
import type { WireEntry } from "./wire.ts";
import { throwIfAborted } from "../../signal.ts";

export type Entries = AsyncGenerator<WireEntry, void>;

/** What a stream needs of its connection. */
export interface StreamHost {
  /** The entries of its cursor; the whole result, where the server has no cursors. */
  open(statement: Statement, signal: AbortSignal): Promise<Entries | RawResult>;
  /** Told when nothing more is read; `isCut`: the cursor had not come to its end. */
  onEnd(stream: LibsqlStream, isCut: boolean): Promise<void>;
  /** Whether the connection is needed as it is: what is left of the rows is read then, and thrown away. */
  isNeeded(): boolean;
  lose(error: unknown): void;
}

/** Reads a cursor row by row. What else the session sends meanwhile has it read to its end first: a stream does one thing at a time. */
export class LibsqlStream implements RowStream {
  readonly #host: StreamHost;
  readonly #statement: Statement;
  readonly #batchSize: number;
  readonly #signal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  #entries: Entries | undefined;
  #columns: readonly string[] | undefined;
  #rows: SqlValue[][] = [];
  #isOver = false;
  #error: unknown;

  constructor(host: StreamHost, statement: Statement, { batchSize, signal }: StreamOptions) {
    this.#host = host;
    this.#statement = statement;
    this.#batchSize = batchSize;
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<RowBatch, void>> {
    throwIfAborted(this.#signal);
    while (!this.#isOver && this.#rows.length < this.#batchSize)
      await untilAborted(this.#read(), this.#signal, () => undefined);
    const rows = this.#rows.splice(0, this.#batchSize);
    if (rows.length > 0) return { done: false, value: { columns: this.#columns ?? [], rows } };
    await this.#host.onEnd(this, false);
    if (this.#error) throw this.#error;
    return { done: true, value: undefined };
  }

  async return(): Promise<void> {
    // An aborted caller does not wait for the rest.
    while (this.#entries && !this.#isOver && this.#host.isNeeded() && !this.#signal?.aborted) {
      await this.#read();
      this.#rows = [];
    }
    await this.#end();
  }

  /** Reads the rest, so that the connection can be used for something else; of one that was given up, nothing is read. */
  async drain(signal: AbortSignal | undefined): Promise<void> {
    if (this.#signal?.aborted) return this.#end();
    while (this.#entries && !this.#isOver) await untilAborted(this.#read(), signal, () => undefined);
  }

  /** Ends it from outside; later reads get the reason. */
  async end(error: unknown): Promise<void> {
    this.#error = error;
    await this.#end();
  }

  async #end(): Promise<void> {
    const isCut = this.#entries !== undefined && !this.#isOver;
    this.#isOver = true;
    this.#rows = [];
    this.#controller.abort();
    if (isCut) await this.#entries?.return().catch(() => undefined);
    await this.#host.onEnd(this, isCut);
  }

  async #read(): Promise<void> {
    try {
      if (!this.#entries) {
        const opened = await this.#host.open(this.#statement, this.#controller.signal);
        if ("rows" in opened) {
          this.#columns = opened.columns;
          this.#rows = opened.rows;
          this.#isOver = true;
          return;
        }
        this.#entries = opened;
      }
      const { done, value } = await this.#entries.next();
      if (done) throw unknown("the server's answer is cut off");
      this.#take(value);
    } catch (error) {
      if (this.#isOver) return;
      this.#error = error;
      this.#isOver = true;
      if (this.#entries) this.#host.lose(error);
    }
  }

  #take(entry: WireEntry): void {
    switch (entry.type) {
      case "step_begin":
        this.#columns = entry.cols.map(({ name }) => name ?? "");
        return;
      case "row":
        this.#rows.push(entry.row.map(decode));
        return;
      case "step_error":
        this.#error = toDbError(entry.error, this.#statement);
        return;
      case "error":
        throw unknown("the server ended the cursor", new Error(entry.error.code ?? "error"));
      case "replication_index":
        if (!this.#columns) this.#error ??= transactionLost(this.#statement.text);
        this.#isOver = true;
        return;
      default:
    }
  }
}
