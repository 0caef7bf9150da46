import type {
  BeginOptions,
  DriverConnection,
  Flight,
  MaybePromise,
  QueryStep,
  Step,
  StepOutcome,
} from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { systemClock } from "../../clock.ts";
import { DbError, isDbError } from "../../errors.ts";
import { throwIfAborted } from "../../signal.ts";
import { failuresOf, transactionLost } from "../shared/failures.ts";
import { SKIPPED, takeSteps } from "../shared/flight.ts";
import { toSqliteError } from "../sqlite/refused.ts";
import { scan } from "../sqlite/scan.ts";
import { readOnly } from "../sqlite/workerd-adapter.ts";
import { toSqliteWords } from "../sqlite/workerd-values.ts";
import { NAME, type ObjectStorage } from "./driver.ts";
import type { Engine } from "./engine.ts";
import { Statements } from "./statements.ts";

const NOTHING: RawResult = { columns: [], rows: [], rowsAffected: 0 };
const READS = /^(SELECT|VALUES|EXPLAIN|PRAGMA)$/;
/** Thrown to take back what `transactionSync()` has done. */
const UNDONE = new Error("a step has failed");

/** A session's name at an object's one database. */
export class ObjectConnection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  state: "idle" | "transaction" | "closed" = "idle";
  readonly #find: () => Engine;
  #engine: Engine;
  #statements: Statements;
  readonly #timeoutMs: number;
  #isReadOnly = false;
  #hasKeysOff = false;
  /** Why its last transaction is gone. */
  #expiry: DbError | undefined;

  /** @param find - the engine of the object whose code runs. */
  constructor(find: () => Engine, timeoutMs: number) {
    this.#find = find;
    this.#engine = find();
    this.#statements = new Statements(this.#engine.storage);
    this.#timeoutMs = timeoutMs;
  }

  get raw(): ObjectStorage {
    return this.#engine.storage;
  }

  get isReusable(): boolean {
    return this.state === "idle" && this.#expiry === undefined;
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    if (this.state === "closed") throw failuresOf(NAME).gone("the connection was closed");
    throwIfAborted(signal);
    if (this.state === "idle") this.#settleIn(this.#find());
    await this.#engine.take(this, signal);
    try {
      return isWhole(flight) ? this.#atOnce(flight) : await takeSteps(flight, (step) => this.#take(step));
    } finally {
      this.#pass();
    }
  }

  async close(): Promise<void> {
    if (this.state === "closed") return;
    const isOpen = this.state === "transaction";
    if (isOpen) await this.#end(true);
    this.state = "closed";
    this.#pass();
  }

  /** An isolate may have several objects of a class, and one that was evicted comes back with another storage. */
  #settleIn(engine: Engine): void {
    if (engine === this.#engine) return;
    this.#engine = engine;
    this.#statements = new Statements(engine.storage);
  }

  #pass(): void {
    if (this.state !== "transaction") this.#engine.pass(this);
  }

  /** A transaction that is known in full needs nobody to wait for it. */
  #atOnce({ steps }: Flight): StepOutcome[] {
    const outcomes: StepOutcome[] = [];
    this.state = "transaction";
    try {
      this.#engine.storage.transactionSync(() => {
        for (const step of steps) {
          const outcome = outcomes.at(-1)?.status === "done" || outcomes.length === 0 ? this.#step(step) : SKIPPED;
          outcomes.push(outcome);
        }
        if (outcomes.at(-1)!.status !== "done") throw UNDONE;
      });
    } catch (error) {
      if (error !== UNDONE) throw error;
    } finally {
      this.state = "idle";
      this.#isReadOnly = false;
      this.#expiry = undefined;
    }
    return outcomes;
  }

  #step(step: Step): StepOutcome {
    if (step.kind === "query") return this.#query(step);
    try {
      if (step.kind === "begin") this.#isReadOnly = step.options.accessMode === "read only";
      else if (!this.#isReadOnly) this.#statements.checkKeys(false);
      return { status: "done", result: NOTHING };
    } catch (error) {
      return { status: "failed", error: error as DbError };
    }
  }

  #take(step: Step): MaybePromise<StepOutcome> {
    return step.kind === "query" ? this.#query(step) : this.#control(step);
  }

  #query({ statement, guarded }: QueryStep): StepOutcome {
    const isAlone = this.state !== "transaction";
    if (guarded && isAlone)
      return this.#expiry ? { status: "failed", error: transactionLost(statement.text, this.#expiry) } : SKIPPED;
    try {
      if (this.#isReadOnly && !READS.test(scan(statement.text).verb)) throw readOnly(statement.text);
      return { status: "done", result: this.#statements.run(statement, isAlone) };
    } catch (thrown) {
      return { status: "failed", error: isDbError(thrown) ? thrown : toSqliteError(toSqliteWords(thrown), statement) };
    }
  }

  async #control(step: Exclude<Step, QueryStep>): Promise<StepOutcome> {
    const { kind } = step;
    if (kind === "begin") this.#expiry = undefined;
    else if (this.state === "idle") {
      const expiry = this.#expiry;
      if (kind === "rollback") this.#expiry = undefined;
      return kind === "rollback"
        ? { status: "done", result: NOTHING }
        : { status: "failed", error: transactionLost(kind, expiry) };
    }
    try {
      if (kind === "begin") await this.#begin(step.options, step.until);
      else if (kind === "savepoint") await this.#engine.savepoint(step.name, step.until);
      else if (kind === "release") await this.#engine.release(step.name);
      else if (kind === "rollback-to") await this.#engine.rollbackTo(step.name);
      else {
        if (kind === "commit" && !this.#isReadOnly) this.#statements.checkKeys(this.#hasKeysOff);
        await this.#end(kind === "rollback");
      }
      return { status: "done", result: NOTHING };
    } catch (error) {
      if (isDbError(error)) return { status: "failed", error };
      // The object is being reset: what was not committed before is gone.
      this.state = "closed";
      throw kind === "commit"
        ? failuresOf(NAME).unknown("the storage failed at COMMIT", error)
        : failuresOf(NAME).gone(`the storage failed at ${kind}`, error);
    }
  }

  async #begin({ accessMode, foreignKeys }: BeginOptions, until = Infinity): Promise<void> {
    if (foreignKeys) await this.#setKeys(false);
    this.#hasKeysOff = foreignKeys !== undefined;
    // The session's own timer waits until the transaction is over.
    const leftMs = Math.min(Math.max(until - systemClock.now(), 0), this.#timeoutMs);
    await this.#engine.begin(leftMs, (timeoutMs) => void this.#expire(timeoutMs));
    this.state = "transaction";
    this.#isReadOnly = accessMode === "read only";
  }

  async #end(isUndone: boolean): Promise<void> {
    await this.#engine.end(isUndone);
    await this.#settle();
  }

  async #settle(): Promise<void> {
    if (this.state === "transaction") this.state = "idle";
    this.#isReadOnly = false;
    const hadKeysOff = this.#hasKeysOff;
    this.#hasKeysOff = false;
    if (hadKeysOff) await this.#setKeys(true);
  }

  async #expire(timeoutMs: number): Promise<void> {
    const message = `it was open for over ${timeoutMs} ms, and kept every other event of the object waiting`;
    this.#expiry = new DbError("QUERY_TIMEOUT", message, { timeoutMs, of: "session" });
    await this.#settle().catch(() => undefined);
    this.#pass();
  }

  /** In a transaction, the pragma would do nothing; and one is open where something was written since the last commit. */
  async #setKeys(isOn: boolean): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) {
      await this.#engine.storage.sync();
      this.#statements.execute(`PRAGMA foreign_keys = ${isOn ? "ON" : "OFF"}`);
      if (Number(this.#statements.execute("PRAGMA foreign_keys")[0]?.[0]) === Number(isOn)) return;
    }
    const details = { kind: "busy", sql: "PRAGMA foreign_keys", dialectCode: undefined } as const;
    throw new DbError("QUERY_FAILED", "others write without a pause", details, { retryable: true });
  }
}

/** BEGIN, queries that stop it when they fail, COMMIT, and a rollback if one does. */
function isWhole({ steps, undo = [] }: Flight): boolean {
  const [first, ...rest] = steps;
  return (
    first?.kind === "begin" &&
    first.options.foreignKeys === undefined &&
    rest.pop()?.kind === "commit" &&
    rest.every((step) => step.kind === "query" && step.onError === "stop") &&
    undo.every(({ kind }) => kind === "rollback")
  );
}
