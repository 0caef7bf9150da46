import type { RowStream, StreamOptions } from "../../contract/adapter.ts";
import type { RowBatch, Statement } from "../../contract/statement.ts";
import type { RawField } from "./wire.ts";
import { toDbError } from "./errors.ts";
import { bare } from "./control.ts";
import type { Parsers } from "./parsers.ts";
import type { Part, PartOutcome } from "./pipeline.ts";
import type { Leg } from "./plan.ts";
import { toRows, unread } from "./results.ts";
import { type Bound, bind } from "./values.ts";
import { reasonOf } from "../../signal.ts";

/** What a stream needs of its connection. */
export interface PortalHost {
  readonly parsers: Parsers;
  /** Reads streams to their end that are in a transaction of their own, for there is one at a time; and gives what begins the next. */
  begin(signal: AbortSignal | undefined): Promise<Leg | undefined>;
  run(
    opening: Leg | undefined,
    parts: readonly Part[],
    isKept: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly PartOutcome[]>;
  /** The portal is closed with the next flight. */
  leave(portal: string): void;
  onEnd(stream: PortalStream): void;
}

type Cell = string | null;

const DONE: IteratorResult<RowBatch, void> = { done: true, value: undefined };

/** Most rows of a batch that grows. */
const LARGEST_BATCH = 6_400;

let portals = 0;

/**
 * Reads rows through a portal, which lives as long as its transaction. Outside of one the stream has a transaction of its
 * own; whoever needs the connection in between has it read to its end first.
 */
export class PortalStream implements RowStream {
  readonly #host: PortalHost;
  readonly #bound: Bound;
  readonly #parsers: Statement["parsers"];
  #batchSize: number;
  readonly #largest: number;
  readonly #signal: AbortSignal | undefined;
  readonly #portal = `isopool_${++portals}`;
  #state: "new" | "open" | "read" | "over" = "new";
  #isAlone = false;
  #fields: readonly RawField[] = [];
  /** What was read ahead. */
  #rows: (readonly Cell[])[] = [];
  #error: Error | undefined;

  constructor(host: PortalHost, statement: Statement, { batchSize, mayGrow, signal }: StreamOptions) {
    this.#host = host;
    this.#bound = bind(statement);
    this.#parsers = statement.parsers;
    this.#batchSize = batchSize;
    this.#largest = mayGrow ? LARGEST_BATCH : batchSize;
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
      throw reasonOf(this.#signal);
    }
    if (this.#error) throw this.#error;
    if (this.#state === "new") await this.#open();
    else if (this.#state === "open" && this.#rows.length === 0) await this.#fetch(this.#batchSize);
    if (this.#rows.length === 0) return DONE;
    const columns = this.#fields.map(({ name }) => name);
    const columnTypes = this.#fields.map(({ dataTypeID }) => dataTypeID);
    const cells = this.#rows.splice(0, this.#batchSize);
    // The reader has already read that much.
    this.#batchSize = Math.min(this.#largest, 2 * this.#batchSize);
    try {
      const rows = toRows(this.#fields, cells, this.#host.parsers, this.#parsers);
      return { done: false, value: { columns, columnTypes, rows } };
    } catch (error) {
      throw unread(error, this.#bound.text);
    }
  }

  async return(): Promise<void> {
    if (this.#state === "open" && !this.#isAlone) this.#host.leave(this.#portal);
    this.#rows = [];
    if (this.#isAlone && !this.#error) await this.#settle("COMMIT");
    this.#over();
  }

  /** Reads the rest, so the portal is no longer needed. */
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
    const begin = await this.#host.begin(this.#signal);
    this.#isAlone = begin !== undefined;
    const opening: Part = { kind: "run", bound: this.#bound, portal: this.#portal, limit: this.#batchSize };
    this.#state = "open";
    await this.#take(begin, [opening], this.#signal);
  }

  async #fetch(limit: number, signal: AbortSignal | undefined = this.#signal): Promise<void> {
    await this.#take(undefined, [{ kind: "fetch", portal: this.#portal, limit }], signal);
  }

  async #take(begin: Leg | undefined, parts: readonly Part[], signal: AbortSignal | undefined): Promise<void> {
    const outcomes = await this.#host.run(begin, parts, false, signal);
    const failed = outcomes.findIndex(({ status }) => status === "failed");
    const outcome = outcomes.at(failed)!;
    if (outcome.status === "failed") return this.#fail(outcome, [...(begin?.segments[0] ?? []), ...parts][failed]!);
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

  async #fail({ error }: Extract<PartOutcome, { status: "failed" }>, part: Part): Promise<never> {
    // Its own, or one that came ahead of it: settings have values of theirs.
    const bound = part.kind === "run" ? part.bound : this.#bound;
    this.#error = toDbError(error, bound, bound.values);
    // When that fails, the connection is gone, and the transaction too.
    if (this.#isAlone) await this.#settle("ROLLBACK").catch(() => undefined);
    this.#over();
    throw this.#error;
  }

  // Its own transaction ends with it.
  async #settle(text: "COMMIT" | "ROLLBACK"): Promise<void> {
    const [outcome] = await this.#host.run(
      undefined,
      [{ kind: "run", bound: bare(text) }],
      text === "COMMIT",
      undefined,
    );
    this.#isAlone = false;
    if (text === "COMMIT" && outcome?.status === "failed")
      throw (this.#error = toDbError(outcome.error, this.#bound, this.#bound.values));
  }

  #over(): void {
    if (this.#state !== "read") this.#state = "over";
    this.#host.onEnd(this);
  }
}
