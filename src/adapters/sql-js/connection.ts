import type { DriverConnection, Flight, QueryStep, Step, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { RawResult, RowBatch, Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { transactionLost } from "../shared/failures.ts";
import { scan } from "../sqlite/scan.ts";
import type { SqlJsDatabase } from "./driver.ts";
import { isLost, messageOf, toDbError } from "./errors.ts";
import { Statements } from "./statements.ts";
import { SqlJsStream } from "./stream.ts";
import { encode } from "./values.ts";

const FOREIGN_KEYS: Statement = { text: "PRAGMA foreign_keys=ON" };
const SKIPPED: StepOutcome = { status: "skipped" };
const NOTHING: RawResult = { columns: [], rows: [], rowsAffected: 0 };

/** What a closed connection leaves: `dirty` what its session had set, `lost` nothing that can be used. */
export type Remains = "clean" | "dirty" | "lost";

/** A light handle on an engine: it holds the prepared statements, and knows whether a transaction is open. */
export class SqlJsConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [FOREIGN_KEYS];
  state: "idle" | "transaction" | "closed" = "idle";
  readonly #db: SqlJsDatabase;
  readonly #onClose: (remains: Remains) => void;
  readonly #statements: Statements;
  readonly #streams: Set<SqlJsStream> = new Set();
  // What came before the setup came from hooks, and is there to stay.
  #isSetUp = false;
  #isDirty = false;
  #isReadOnly = false;

  constructor(db: SqlJsDatabase, onClose: (remains: Remains) => void) {
    this.#db = db;
    this.#onClose = onClose;
    this.#statements = new Statements(db);
  }

  get raw(): SqlJsDatabase {
    // What is done with it, now and later, goes unseen; it may well be a change of the schema.
    this.#statements.clear();
    this.#statements.isAlone = false;
    return this.#db;
  }

  get isReusable(): boolean {
    return this.state === "idle" && !this.#isDirty && !this.#isInTransaction();
  }

  send({ steps, undo = [] }: Flight, signal?: AbortSignal): StepOutcome[] {
    if (this.state === "closed") throw connectionLost();
    signal?.throwIfAborted();
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    for (const step of steps) {
      const outcome = isStopped ? SKIPPED : this.#take(step);
      outcomes.push(outcome);
      if (outcome.status === "failed") isStopped = step.kind !== "query" || step.onError === "stop";
    }
    if (isStopped) for (const step of undo) this.#take(step);
    return outcomes;
  }

  stream(statement: Statement, { batchSize, signal }: StreamOptions): SqlJsStream {
    return new SqlJsStream(this.#streams, this.#read(statement, batchSize), signal, (thrown) =>
      this.#toError(thrown, statement),
    );
  }

  close(): void {
    if (this.state === "closed") return;
    if (this.#isInTransaction()) {
      this.state = "transaction";
      this.#take({ kind: "rollback" });
    }
    this.#end(isLost(this.#db) ? "lost" : this.#isDirty ? "dirty" : "clean");
  }

  #take(step: Step): StepOutcome {
    if (step.kind === "query" && step.guarded && this.state !== "transaction") return SKIPPED;
    try {
      return {
        status: "done",
        result: step.kind === "query" ? this.#query(step.statement, step.isSetup) : this.#control(step),
      };
    } catch (thrown) {
      const error = this.#toError(thrown, step.kind === "query" ? step.statement : { text: step.kind });
      if (this.state !== "closed") return { status: "failed", error };
      throw error;
    }
  }

  #query(statement: Statement, isSetup = false): RawResult {
    const seen = scan(statement.text);
    const result = this.#statements.run(statement, seen);
    if (seen.isRead || seen.isWrite) return result;
    this.#statements.clear();
    this.state = this.#isInTransaction() ? "transaction" : "idle";
    if (statement.text === FOREIGN_KEYS.text) this.#isSetUp = true;
    else if (this.#isSetUp && !isSetup) this.#isDirty ||= seen.leavesState;
    return result;
  }

  #control(step: Exclude<Step, QueryStep>): RawResult {
    const { kind } = step;
    if (this.state === "idle" && kind !== "begin") {
      if (kind === "rollback") return NOTHING;
      throw transactionLost(kind);
    }
    this.#statements.execute(kind.replace("-", " ") + ("name" in step ? ` "${step.name.replaceAll('"', '""')}"` : ""));
    if (kind === "begin") {
      this.state = "transaction";
      this.#setReadOnly(step.options.accessMode === "read only");
    } else if (kind === "commit") this.#settle();
    else if (kind === "rollback") this.#settle(transactionLost(kind));
    else if (kind === "rollback-to") this.#statements.clear();
    return NOTHING;
  }

  /** The transaction is over; when it was rolled back, so are the streams that read in it. */
  #settle(error?: DbError): void {
    this.state = "idle";
    this.#setReadOnly(false);
    if (!error) return;
    this.#statements.clear();
    for (const stream of this.#streams) stream.end(error);
  }

  #setReadOnly(isReadOnly: boolean): void {
    if (isReadOnly !== this.#isReadOnly) this.#statements.execute(`PRAGMA query_only=${isReadOnly}`);
    this.#isReadOnly = isReadOnly;
  }

  // sql.js does not export sqlite3_get_autocommit(): only a BEGIN that is refused proves an open transaction.
  #isInTransaction(): boolean {
    try {
      this.#statements.execute("begin");
      this.#statements.execute("commit");
      return false;
    } catch (error) {
      return /within a transaction/.test(messageOf(error));
    }
  }

  /** What a failure means: some end the transaction, some the connection. */
  #toError(thrown: unknown, statement: Statement): DbError {
    if (thrown instanceof DbError) return thrown;
    if (isLost(this.#db, thrown)) return this.#end("lost", thrown);
    const error = toDbError(thrown, statement.text, encode(scan(statement.text), statement), this.#db);
    if (this.state !== "transaction" || this.#isInTransaction()) return error;
    const ended = transactionLost(statement.text, error);
    this.#settle(ended);
    return /no transaction/.test(error.message) ? ended : error;
  }

  *#read(statement: Statement, batchSize: number): Generator<RowBatch, void> {
    const seen = scan(statement.text);
    if (seen.isRead) return yield* this.#statements.read(statement, seen, batchSize);
    // Only a query may stay half read: one that writes would keep COMMIT from being done.
    const { columns, rows } = this.#query(statement);
    while (rows.length > 0) yield { columns, rows: rows.splice(0, batchSize) };
  }

  #end(remains: Remains, cause?: unknown): DbError {
    const error = connectionLost(cause);
    this.state = "closed";
    for (const stream of this.#streams) stream.end(error);
    if (remains !== "lost") this.#statements.clear();
    this.#onClose(remains);
    return error;
  }
}

function connectionLost(cause?: unknown): DbError {
  return new DbError("CONNECTION_LOST", "the connection was closed", { adapter: "sql-js" }, { cause });
}
