import type {
  DriverConnection,
  Flight,
  MaybePromise,
  QueryStep,
  Step,
  StepOutcome,
  StreamOptions,
} from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { transactionLost } from "../shared/failures.ts";
import { scan } from "../sqlite/scan.ts";
import type { SqlJsDatabase } from "./driver.ts";
import type { Engine, EngineUser } from "./engine.ts";
import { connectionLost, isLost, toDbError } from "./errors.ts";
import { SKIPPED } from "../shared/flight.ts";
import { fly } from "./fly.ts";
import { Statements } from "./statements.ts";
import { SqlJsStream } from "./stream.ts";
import { TransactionPragmas } from "./transaction-pragmas.ts";
import { encode } from "./values.ts";
import { throwIfAborted } from "../../signal.ts";

const NOTHING: RawResult = { columns: [], rows: [], rowsAffected: 0 };

/** A light handle on an engine: it holds the prepared statements, and knows whether a transaction is open. */
export class SqlJsConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  readonly answersAtOnce = true;
  state: "idle" | "transaction" | "closed" = "idle";
  readonly #engine: Engine;
  readonly #user: EngineUser;
  readonly #onClose: () => void;
  readonly #streams: Set<SqlJsStream> = new Set();
  #db: SqlJsDatabase;
  #statements: Statements;
  /** What setup and hooks have set: done again, where the engine was renewed. */
  readonly #settings: Statement[] = [];
  #hasRaw = false;
  /** In the middle of its turn. */
  #isBusy = false;
  #isDirty = false;
  readonly #pragmas: TransactionPragmas = new TransactionPragmas();

  constructor(engine: Engine, user: EngineUser, onClose: () => void) {
    this.#engine = engine;
    this.#user = user;
    this.#onClose = onClose;
    this.#db = engine.db!;
    this.#statements = new Statements(this.#db, engine);
  }

  get raw(): SqlJsDatabase {
    if (!this.#isOthersTurn) this.#bind();
    // What is done with it, now and later, goes unseen; it may well be a change of the schema.
    this.#statements.share();
    this.#hasRaw = this.#engine.hasRaw = true;
    return this.#db;
  }

  get isReusable(): boolean {
    return (
      this.state === "idle" &&
      !this.#isDirty &&
      (!this.#engine.hasRaw || this.#isOthersTurn || !this.#isInTransaction())
    );
  }

  /** The image as of the last commit, once it is this connection's turn. */
  image(signal?: AbortSignal): MaybePromise<Uint8Array> {
    return this.#inTurn(signal, () => {
      if (this.state !== "transaction") return this.#db.export();
      const details = { kind: "other", dialectCode: undefined, sql: "" } as const;
      throw new DbError(
        "QUERY_FAILED",
        "the image is that of the last commit: commit it first, or export outside",
        details,
      );
    });
  }

  send(flight: Flight, signal?: AbortSignal): MaybePromise<StepOutcome[]> {
    return this.#inTurn(signal, flight);
  }

  stream(statement: Statement, { batchSize, signal }: StreamOptions): SqlJsStream {
    return new SqlJsStream(
      this.#streams,
      this.#statements.stream(statement, batchSize, () => this.#query(statement)),
      {
        inTurn: (work) => this.#inTurn(signal, work),
        toError: (thrown) => this.#toError(thrown, statement),
        onEnd: () => !this.#isBusy && this.#pass(),
      },
    );
  }

  close(): void {
    if (this.state === "closed") return;
    if (!this.#isOthersTurn && this.#isInTransaction()) {
      this.state = "transaction";
      this.#take({ kind: "rollback" });
    }
    if (this.#isClosed) return;
    // One that others have renewed since is no loss.
    this.#end(this.#db === this.#engine.db && isLost(this.#db));
  }

  get #isClosed(): boolean {
    return this.state === "closed";
  }

  get #isOthersTurn(): boolean {
    return (this.#engine.turn.holder ?? this) !== this;
  }

  /** Does `work` once it is this connection's turn, which it keeps while a transaction, a stream or a setting of its own is open. */
  #inTurn<T>(signal: AbortSignal | undefined, work: Flight | (() => T)): MaybePromise<T> {
    const { turn } = this.#engine;
    if (this.#isOthersTurn)
      return turn.wait(this, this.#user.busyTimeoutMs, signal).then(() => this.#inTurn(signal, work));
    turn.holder = this;
    this.#isBusy = true;
    try {
      this.#bind();
      throwIfAborted(signal);
      const result = typeof work === "function" ? work() : (this.#fly(work) as T);
      const saving = this.state === "idle" && this.#engine.stored && this.#keep();
      return saving ? saving.then(() => result) : result;
    } finally {
      this.#isBusy = false;
      this.#pass();
    }
  }

  // One step, as nearly always, needs nothing made for it.
  #fly(flight: Flight): StepOutcome[] {
    if (flight.steps.length === 1 && !flight.undo) return [this.#take(flight.steps[0]!)];
    return fly(flight, (step) => this.#take(step));
  }

  #keep(): MaybePromise<void> {
    try {
      return this.#engine.commit(this.#user);
    } catch (error) {
      // It may have been the engine that failed, in the middle of its look at what there is to keep.
      if (isLost(this.#db, (error as Error).cause)) this.#end(true, error);
      else if (this.#isInTransaction()) this.close();
      throw error;
    }
  }

  #pass(): void {
    const isDone = this.state === "closed" || (this.state === "idle" && !this.#isDirty && this.#streams.size === 0);
    if (isDone && this.#engine.turn.holder === this) this.#engine.turn.pass();
  }

  /** Takes the database as it is now: it may have been renewed since. */
  #bind(): void {
    if (this.state === "closed") throw connectionLost();
    const db = this.#engine.enter(this);
    if (db === this.#db) return this.#statements.follow();
    // Functions registered through `raw` are gone: hooks register them again on the new connection.
    if (!db || this.#hasRaw) throw this.#end(false);
    this.#db = db;
    this.#statements = new Statements(db, this.#engine);
    for (const statement of this.#settings) this.#query(statement, true);
  }

  #take(step: Step): StepOutcome {
    if (step.kind === "query" && step.guarded && this.state !== "transaction") return SKIPPED;
    try {
      const result = step.kind === "query" ? this.#query(step.statement, step.isSetup) : this.#control(step);
      return { status: "done", result };
    } catch (thrown) {
      const error = this.#toError(thrown, step.kind === "query" ? step.statement : { text: step.kind });
      if (this.state !== "closed") return { status: "failed", error };
      throw error;
    }
  }

  #query(statement: Statement, isSetup = false): RawResult {
    const seen = scan(statement.text);
    // Before it is done: a pragma acts while it is prepared, also where that fails behind it.
    if (seen.leavesState) {
      this.#engine.owner = this;
      if (!isSetup) this.#isDirty = true;
      else if (!this.#settings.includes(statement)) this.#settings.push(statement);
    }
    const result = this.#statements.run(statement, seen);
    if (seen.isRead || seen.isWrite) return result;
    this.#statements.changeSchema();
    const isInside = this.#isInTransaction();
    if (this.#isClosed) throw connectionLost(undefined, "unknown");
    this.state = isInside ? "transaction" : "idle";
    return result;
  }

  #control(step: Exclude<Step, QueryStep>): RawResult {
    const { kind } = step;
    if (this.state === "idle" && kind !== "begin") {
      if (kind === "rollback") return NOTHING;
      throw transactionLost(kind);
    }
    if (kind === "begin") {
      this.#pragmas.begin(step.options, this.#statements);
      this.state = "transaction";
      this.#pragmas.limit(step.options, this.#statements);
    } else {
      if (kind === "commit") this.#pragmas.check(this.#statements);
      const name = "name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "";
      this.#statements.execute(kind.replace("-", " ") + name);
    }
    if (kind === "commit" || kind === "rollback") this.#settle(kind === "rollback" ? transactionLost(kind) : undefined);
    else if (kind === "rollback-to") this.#statements.changeSchema();
    return NOTHING;
  }

  /** The transaction is over; when it was rolled back, so are the streams that read in it. */
  #settle(error?: DbError): void {
    this.state = "idle";
    this.#pragmas.end(this.#statements);
    if (!error) return;
    this.#statements.changeSchema();
    for (const stream of this.#streams) stream.end(error);
  }

  #isInTransaction(): boolean {
    try {
      return this.#statements.isInTransaction();
    } catch (error) {
      // Nobody knows what is open: it is closed, with nothing left behind. One that others have renewed since is no loss.
      const isGone = this.#db === this.#engine.db && isLost(this.#db, error);
      if (!isGone) this.#statements.forget();
      this.#end(isGone, error);
      return false;
    }
  }

  /** What a failure means: some end the transaction, some the connection. */
  #toError(thrown: unknown, statement: Statement): DbError {
    if (thrown instanceof DbError) return thrown;
    if (isLost(this.#db, thrown)) return this.#end(true, thrown);
    const error = toDbError(thrown, statement.text, encode(scan(statement.text), statement), this.#db);
    if (this.state !== "transaction" || this.#isInTransaction()) return error;
    if (this.#isClosed) return connectionLost(error);
    const ended = transactionLost(statement.text, error);
    this.#settle(ended);
    return /no transaction/.test(error.message) ? ended : error;
  }

  /** @param isGone - the engine is no longer usable. */
  #end(isGone: boolean, cause?: unknown): DbError {
    const error = connectionLost(cause);
    this.state = "closed";
    for (const stream of this.#streams) stream.end(error);
    if (isGone) this.#engine.db = this.#engine.owner = undefined;
    else if (this.#engine.db === this.#db) this.#statements.clear();
    this.#onClose();
    this.#pass();
    return error;
  }
}
