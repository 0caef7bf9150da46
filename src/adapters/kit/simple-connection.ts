import type {
  BeginOptions,
  DriverConnection,
  Flight,
  QueryStep,
  Step,
  StepOutcome,
  StreamOptions,
} from "../../contract/adapter.ts";
import type { RawResult, RowBatch, SqlValue, Statement } from "../../contract/statement.ts";
import { type DbError, isDbError } from "../../errors.ts";
import { throwIfAborted } from "../../signal.ts";
import { failuresOf, transactionLost } from "../shared/failures.ts";
import { SKIPPED, takeSteps } from "../shared/flight.ts";
import { orAbort } from "../shared/waits.ts";
import { controlText } from "../sqlite/control.ts";
import { type BrokenKey, brokenKey, CHECK_KEYS } from "../sqlite/foreign-keys.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import { toSqliteError, toUnknown } from "../sqlite/refused.ts";
import { scan } from "../sqlite/scan.ts";
import { bindSqlite, readSqlite } from "../sqlite/values.ts";
import type { DriverResult, SimpleAdapterOptions } from "./options.ts";
import { SimpleStream } from "./simple-stream.ts";

const NOTHING: RawResult = { columns: [], rows: [], rowsAffected: 0 };
const KEYS_ON: readonly Statement[] = [{ text: "PRAGMA foreign_keys = ON" }];

/** One connection of a driver that knows nothing but to run a statement. */
export class SimpleConnection<Driver> implements DriverConnection {
  readonly raw: Driver;
  readonly setup: readonly Statement[];
  state: "idle" | "transaction" | "closed" = "idle";
  readonly stream?: (statement: Statement, options: StreamOptions) => SimpleStream;
  readonly #options: SimpleAdapterOptions<Driver>;
  readonly #streams: Set<SimpleStream> = new Set();
  #isDirty = false;
  #isReadOnly = false;
  /** Whether foreign keys were on before this transaction turned them off; `undefined`: it did not. */
  #hadKeys: boolean | undefined;

  constructor(driver: Driver, options: SimpleAdapterOptions<Driver>) {
    this.raw = driver;
    this.setup = options.setup ?? KEYS_ON;
    this.#options = options;
    if (options.stream) this.stream = (statement, { batchSize, signal }) => this.#stream(statement, batchSize, signal);
  }

  get isReusable(): boolean {
    return this.state === "idle" && !this.#isDirty && !this.#isInTransaction();
  }

  get hasSessionState(): boolean {
    return this.#isDirty;
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    this.#checkOpen();
    throwIfAborted(signal);
    try {
      return await orAbort(
        takeSteps(flight, (step) => this.#take(step)),
        signal,
      );
    } catch (error) {
      // The driver may still be running a statement: nothing is known of the connection any more.
      this.#giveUp(error as Error);
      throw error;
    }
  }

  async ping(): Promise<void> {
    await this.#options.run(this.raw, { text: "SELECT 1", values: [], isRead: true });
  }

  async close(): Promise<void> {
    if (this.state === "closed") return;
    await this.#endStreams(this.#lost());
    try {
      if (this.#isInTransaction()) await this.#execute("ROLLBACK");
    } catch {
      // Closing rolls it back, too.
    }
    await this.#end();
  }

  async #take(step: Step): Promise<StepOutcome> {
    if (this.state === "closed") throw this.#lost();
    if (step.kind === "query" && step.guarded && this.state !== "transaction") return SKIPPED;
    try {
      const result = await (step.kind === "query" ? this.#query(step.statement, step.isSetup) : this.#control(step));
      return { status: "done", result };
    } catch (thrown) {
      const statement = step.kind === "query" ? step.statement : { text: step.kind };
      const error = this.#toError(thrown, statement);
      return { status: "failed", error: (await this.#mayStay(statement)) ? toUnknown(error) : error };
    }
  }

  /** What a FAIL of a table or a trigger had changed stays: only the count of changes tells it. */
  async #mayStay(statement: Statement): Promise<boolean> {
    try {
      const [[changes] = []] = scan(statement.text).isWrite ? await this.#execute("SELECT changes()") : [];
      // Of a statement that was refused before its first step, the count is that of another one.
      if (changes) await this.#query({ ...statement, text: `EXPLAIN ${statement.text}` });
      return Boolean(changes);
    } catch {
      return false;
    }
  }

  async #query(statement: Statement, isSetup = false): Promise<RawResult> {
    const { isRead, isWrite, leavesState } = scan(statement.text);
    // Before it runs: it may have an effect even if it fails.
    if (leavesState && !isSetup) this.#isDirty = true;
    const result = await this.#options.run(this.raw, { ...bindSqlite(statement), isRead });
    if (!isRead) this.#look();
    const { columns } = result;
    const rows = result.rows.map((row) => row.map(readSqlite));
    if (!isWrite) return { columns, rows, rowsAffected: 0 };
    const [changes, rowid] = await this.#changes(result);
    const isInsert = hasOwnRowid(statement.text) && changes > 0;
    return { columns, rows, rowsAffected: changes, ...(isInsert && { lastInsertRowid: rowid }) };
  }

  async #changes({ rowsAffected, lastInsertRowid }: DriverResult): Promise<[number, number | bigint | undefined]> {
    if (rowsAffected !== undefined) return [Number(rowsAffected), readSqlite(lastInsertRowid) as number | bigint];
    const [[changes, rowid] = []] = await this.#execute("SELECT changes(), last_insert_rowid()");
    return [Number(changes), rowid as number | bigint];
  }

  async #control(step: Exclude<Step, QueryStep>): Promise<RawResult> {
    const { kind } = step;
    if (this.state === "idle" && kind !== "begin") {
      if (kind === "rollback") return NOTHING;
      throw transactionLost(kind);
    }
    if (kind === "begin") await this.#begin(step, step.options);
    else {
      if (kind === "commit" && this.#hadKeys !== undefined) await this.#checkKeys();
      await this.#execute(controlText(step));
      this.#look();
    }
    if (kind === "rollback") await this.#endStreams(transactionLost(kind));
    if (this.state === "idle") await this.#settle();
    return NOTHING;
  }

  async #begin(step: Extract<Step, { kind: "begin" }>, { accessMode, foreignKeys }: BeginOptions): Promise<void> {
    // What a transaction that the database ended has left.
    await this.#settle();
    if (foreignKeys) {
      // Inside a transaction, it would have no effect.
      const [[hadKeys] = []] = await this.#execute("PRAGMA foreign_keys");
      if (hadKeys) await this.#execute("PRAGMA foreign_keys = OFF");
      this.#hadKeys = Boolean(hadKeys);
    }
    await this.#execute(controlText(step));
    this.#look();
    if (accessMode !== "read only") return;
    await this.#execute("PRAGMA query_only = ON");
    this.#isReadOnly = true;
  }

  async #checkKeys(): Promise<void> {
    const [broken] = await this.#execute(CHECK_KEYS);
    if (broken) throw brokenKey(...(broken as BrokenKey));
  }

  /** Turns back what held for one transaction. The transaction itself has ended, whatever fails here. */
  async #settle(): Promise<void> {
    const [isReadOnly, hadKeys] = [this.#isReadOnly, this.#hadKeys];
    this.#isReadOnly = false;
    this.#hadKeys = undefined;
    try {
      if (isReadOnly) await this.#execute("PRAGMA query_only = OFF");
      if (hadKeys) await this.#execute("PRAGMA foreign_keys = ON");
    } catch (error) {
      this.#giveUp(error as Error);
    }
  }

  async #execute(text: string): Promise<SqlValue[][]> {
    const { rows } = await this.#options.run(this.raw, { text, values: [], isRead: /^(SELECT|PRAGMA)/.test(text) });
    return rows.map((row) => row.map(readSqlite));
  }

  #stream(statement: Statement, batchSize: number, signal: AbortSignal | undefined): SimpleStream {
    return new SimpleStream(this.#streams, this.#batches(statement, batchSize), {
      signal,
      toError: (thrown) => this.#toError(thrown, statement),
    });
  }

  async *#batches(statement: Statement, batchSize: number): AsyncGenerator<RowBatch, void> {
    this.#checkOpen();
    if (!scan(statement.text).isRead) {
      // A write must be complete before its transaction can be committed.
      const { columns, rows } = await this.#query(statement);
      while (rows.length > 0) yield { columns, rows: rows.splice(0, batchSize) };
      return;
    }
    const opened = await this.#options.stream!(this.raw, { ...bindSqlite(statement), isRead: true });
    let rows: SqlValue[][] = [];
    for await (const row of opened.rows) {
      if (rows.push(row.map(readSqlite)) < batchSize) continue;
      yield { columns: opened.columns, rows };
      rows = [];
    }
    if (rows.length > 0) yield { columns: opened.columns, rows };
  }

  /** @throws DbError `CONNECTION_LOST`, if that is what it means: the flight fails as a whole. */
  #toError(thrown: unknown, statement: Statement): Error {
    const { name, toError } = this.#options;
    const error = isDbError(thrown) ? thrown : (toError?.(thrown, statement) ?? toSqliteError(thrown, statement));
    const isLost = error.code === "CONNECTION_LOST";
    if (isLost || !this.#isAlive())
      throw this.#giveUp(isLost ? error : failuresOf(name).unknown("the connection was closed", error));
    if (this.state !== "transaction" || this.#isInTransaction()) return error;
    this.state = "idle";
    const ended = transactionLost(statement.text, error);
    void this.#endStreams(ended);
    return /no transaction/.test(error.message) ? ended : error;
  }

  #look(): void {
    this.state = this.#isInTransaction() ? "transaction" : "idle";
  }

  #isInTransaction(): boolean {
    return this.#isAlive() && this.#options.inTransaction(this.raw);
  }

  #isAlive(): boolean {
    return this.#options.isOpen?.(this.raw) ?? true;
  }

  #checkOpen(): void {
    if (this.state !== "closed" && this.#isAlive()) return;
    throw this.#giveUp(this.#lost());
  }

  #lost(): DbError {
    return failuresOf(this.#options.name).gone("the connection was closed");
  }

  async #endStreams(reason: Error): Promise<void> {
    await Promise.all(Array.from(this.#streams, (stream) => stream.end(reason)));
  }

  /** Closes the driver without waiting for it: it may be hung. */
  #giveUp<Reason extends Error>(reason: Reason): Reason {
    void this.#endStreams(reason);
    this.#end().catch(() => undefined);
    return reason;
  }

  /** Closes the driver, once. */
  async #end(): Promise<void> {
    if (this.state === "closed") return;
    this.state = "closed";
    if (this.#isAlive()) await this.#options.close(this.raw);
  }
}
