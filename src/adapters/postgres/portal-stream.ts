import type { RowStream, StreamOptions } from "../../contract/adapter.ts";
import type { RowBatch, Statement } from "../../contract/statement.ts";
import type { RawField } from "./wire.ts";
import { toDbError } from "./errors.ts";
import type { Answer, Part, PartOutcome } from "./pipeline.ts";
import { run } from "./plan.ts";
import { toRows } from "./results.ts";
import { type Bound, bind, type Parsers } from "./values.ts";

/** What a stream needs of its connection. */
export interface PortalHost {
  readonly parsers: Parsers;
  /** Reads streams to their end that are in a transaction of their own, for there is one at a time; and gives what begins the next. */
  enter(signal: AbortSignal | undefined): Promise<readonly Part[]>;
  run(parts: readonly Part[], isKept: boolean, signal: AbortSignal | undefined): Promise<Answer>;
  /** The portal is closed with the next flight. */
  leave(portal: string): void;
  onEnd(stream: PortalStream): void;
}

type Cell = string | null;

const DONE: IteratorResult<RowBatch, void> = { done: true, value: undefined };

let portals = 0;

/**
 * Reads rows through a portal, which lives as long as its transaction. Outside of one the stream has a transaction of its
 * own; whoever needs the connection in between has it read to its end first.
 */
export class PortalStream implements RowStream {
  readonly #host: PortalHost;
  readonly #bound: Bound;
  readonly #batchSize: number;
  readonly #signal: AbortSignal | undefined;
  readonly #portal = `isopool_${++portals}`;
  #state: "new" | "open" | "read" | "over" = "new";
  #isAlone = false;
  #fields: readonly RawField[] = [];
  /** What was read ahead. */
  #rows: (readonly Cell[])[] = [];
  #error: Error | undefined;

  constructor(host: PortalHost, statement: Statement, { batchSize, signal }: StreamOptions) {
    this.#host = host;
    this.#bound = bind(statement);
    this.#batchSize = batchSize;
    this.#signal = signal;
  }

  /** A transaction of its own is open for it. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** It reads from a portal. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  async next(): Promise<IteratorResult<RowBatch, void>> {
    if (this.#signal?.aborted) {
      await this.return();
      throw this.#signal.reason;
    }
    if (this.#error) throw this.#error;
    if (this.#state === "new") await this.#open();
    else if (this.#state === "open" && this.#rows.length === 0) await this.#fetch(this.#batchSize);
    if (this.#rows.length === 0) return DONE;
    const columns = this.#fields.map(({ name }) => name);
    const rows = toRows(this.#fields, this.#rows.splice(0, this.#batchSize), this.#host.parsers);
    return { done: false, value: { columns, rows } };
  }

  async return(): Promise<void> {
    if (this.#state === "open" && !this.#isAlone) this.#host.leave(this.#portal);
    this.#rows = [];
    if (this.#isAlone && !this.#error) await this.#settle("COMMIT");
    this.#over();
  }

  /** Reads the rest, so that the portal is not needed any more. */
  async drain(signal: AbortSignal | undefined): Promise<void> {
    if (this.#state !== "open") return;
    const isAlone = this.#isAlone;
    try {
      await this.#fetch(0, signal);
    } catch (error) {
      // What fails by itself is its reader's to see, and nobody else's.
      if (!isAlone || error !== this.#error) throw error;
    }
  }

  /** What it reads from is gone; what was read to its end before can still be had. */
  end(error: Error): void {
    if (this.#state !== "read") this.#error = error;
    this.#isAlone = false;
    this.#over();
  }

  async #open(): Promise<void> {
    const begin = await this.#host.enter(this.#signal);
    this.#isAlone = begin.length > 0;
    const opening: Part = { kind: "run", bound: this.#bound, portal: this.#portal, limit: this.#batchSize };
    this.#state = "open";
    await this.#take([...begin, opening], this.#signal);
  }

  async #fetch(limit: number, signal: AbortSignal | undefined = this.#signal): Promise<void> {
    await this.#take([{ kind: "fetch", portal: this.#portal, limit }], signal);
  }

  async #take(parts: readonly Part[], signal: AbortSignal | undefined): Promise<void> {
    const [outcomes] = (await this.#host.run(parts, false, signal)) as [PartOutcome[]];
    const outcome = outcomes.find(({ status }) => status === "failed") ?? outcomes.at(-1)!;
    if (outcome.status === "failed") return this.#fail(outcome);
    if (outcome.status === "skipped") return;
    const { result, hasMore } = outcome;
    // A fetch tells no columns.
    if (result.fields.length > 0) this.#fields = result.fields;
    this.#rows = this.#rows.concat(result.rows);
    if (hasMore) return;
    this.#state = "read";
    if (this.#isAlone) await this.#settle("COMMIT");
    this.#over();
  }

  async #fail({ error }: Extract<PartOutcome, { status: "failed" }>): Promise<never> {
    this.#error = toDbError(error, this.#bound, this.#bound.values);
    // When that fails, the connection is gone, and the transaction too.
    if (this.#isAlone) await this.#settle("ROLLBACK").catch(() => undefined);
    this.#over();
    throw this.#error;
  }

  // Its own transaction ends with it.
  async #settle(text: "COMMIT" | "ROLLBACK"): Promise<void> {
    const [[outcome] = []] = await this.#host.run([run(text)], text === "COMMIT", undefined);
    this.#isAlone = false;
    if (text === "COMMIT" && outcome?.status === "failed")
      throw (this.#error = toDbError(outcome.error, this.#bound, this.#bound.values));
  }

  #over(): void {
    if (this.#state !== "read") this.#state = "over";
    this.#host.onEnd(this);
  }
}
