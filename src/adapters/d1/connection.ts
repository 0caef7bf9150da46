import type { BeginOptions, DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { DbError, isDbError } from "../../errors.ts";
import { throwIfAborted } from "../../signal.ts";
import { transactionLost } from "../shared/failures.ts";
import { SKIPPED } from "../shared/flight.ts";
import { orAbort } from "../shared/waits.ts";
import { scan } from "../sqlite/scan.ts";
import { bindForWorkerd, toRow } from "../sqlite/workerd-values.ts";
import { NOTHING, type Rows } from "./answers.ts";
import type { D1Handle } from "./driver.ts";
import { closed, toStatementError, unsupported } from "./errors.ts";
import type { Place } from "./place.ts";
import { see } from "./guard.ts";
import { SCHEMA } from "./reach.ts";
import { errorOf, GuardFailure, ListFailure, Requests } from "./requests.ts";
import { Transaction } from "./transaction.ts";

const DONE: StepOutcome = { status: "done", result: NOTHING };

/** A name at D1: plain data, with nothing open. What a transaction reads and will write is here until its COMMIT. */
export class D1Connection implements DriverConnection {
  readonly setup: readonly Statement[] = [];
  readonly #place: Place;
  readonly #requests: Requests;
  #transaction: Transaction | undefined;
  #isClosed = false;

  constructor(place: Place) {
    this.#place = place;
    this.#requests = new Requests(() => place.handle);
  }

  get raw(): D1Handle {
    return this.#place.handle;
  }

  get state(): "idle" | "transaction" | "failed" | "closed" {
    if (this.#isClosed) return "closed";
    return this.#transaction ? (this.#transaction.failure ? "failed" : "transaction") : "idle";
  }

  get isReusable(): boolean {
    return this.state === "idle";
  }

  renew(): void {
    this.#place.renew();
  }

  close(): void {
    this.#transaction = undefined;
    this.#isClosed = true;
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    if (this.#isClosed) throw closed();
    try {
      return await orAbort(this.#fly(flight), signal);
    } catch (error) {
      // A request that was given up on may still be done.
      if (signal?.aborted || isDbError(error, "CONNECTION_LOST")) this.close();
      throw error;
    }
  }

  async #fly({ steps, undo = [] }: Flight): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    while (outcomes.length < steps.length) {
      const rest = steps.slice(outcomes.length);
      const taken: StepOutcome[] = isStopped ? rest.map(() => SKIPPED) : await this.#take(rest);
      isStopped ||= taken.some(({ status }, at) => status === "failed" && stops(rest[at]!));
      outcomes.push(...taken);
    }
    if (isStopped) for (const step of undo) await this.#take([step]);
    return outcomes;
  }

  /** Takes the first of the steps, and those behind it that leave with it. */
  #take(steps: readonly Step[]): StepOutcome[] | Promise<StepOutcome[]> {
    const [step] = steps as [Step, ...Step[]];
    const end = steps.findIndex(({ kind }) => kind === "commit");
    if (end >= 0 && (this.#transaction || step.kind === "begin") && steps.slice(0, end).every(isOfCommit))
      return this.#commit(steps.slice(0, end));
    if (step.kind !== "query") return [this.#control(step)];
    if (!this.#transaction && step.guarded) return [SKIPPED];
    const other = steps.findIndex((each) => each.kind !== "query" || (!this.#transaction && each.guarded));
    const queries = steps.slice(0, other < 0 ? steps.length : other) as QueryStep[];
    return this.#transaction ? this.#inside(queries, this.#transaction) : this.#alone(queries);
  }

  #control(step: Exclude<Step, QueryStep>): StepOutcome {
    const transaction = this.#transaction;
    if (step.kind === "begin") return this.#begin(step.options);
    if (step.kind === "rollback") {
      this.#end();
      return DONE;
    }
    if (!transaction) return failure(transactionLost(step.kind));
    // With a step ahead of it that does not stop: it is the first one when that is done.
    if (step.kind === "commit") return failure(transactionLost(step.kind));
    if (step.kind === "savepoint") transaction.savepoint(step.name);
    else if (!(step.kind === "release" ? transaction.release(step.name) : transaction.rollbackTo(step.name)))
      return failure(toStatementError(new Error(`no such savepoint: ${step.name}`), { text: step.kind }));
    return DONE;
  }

  #begin({ accessMode, foreignKeys }: BeginOptions): StepOutcome {
    if (foreignKeys)
      return failure(
        unsupported(
          "transactions without foreign keys",
          "to check them at COMMIT, run `PRAGMA defer_foreign_keys = ON` first",
        ),
      );
    this.#transaction = new Transaction(accessMode === "read only");
    this.#place.enter();
    return DONE;
  }

  /** Outside of a transaction: reads that stand together in one request, all others in one each. */
  async #alone(steps: readonly QueryStep[]): Promise<StepOutcome[]> {
    const last = steps.findIndex(({ statement, onError }) => !scan(statement.text).isRead || onError === "stop");
    const reads = (last < 0 ? steps : steps.slice(0, last)).map(({ statement }) => statement);
    if (reads.length > 1)
      try {
        return (await this.#requests.read(reads)).map(toOutcome);
      } catch (error) {
        // One of them has failed, or lost digits: each is asked by itself.
        if (!(error instanceof ListFailure) && !isDbError(error, "QUERY_FAILED")) throw error;
        return Promise.all(reads.map(async (statement) => this.#ask(statement)));
      }
    return [await this.#ask(steps[0]!.statement)];
  }

  async #ask(statement: Statement): Promise<StepOutcome> {
    try {
      const { isRead, verb } = scan(statement.text);
      if (isRead) return toOutcome((await this.#requests.read([statement]))[0]!);
      if (/^(?:PRAGMA|EXPLAIN)$/.test(verb)) return toOutcome(await this.#requests.raw(bindForWorkerd(statement)));
      return { status: "done", result: (await this.#requests.write([statement]))[0]! };
    } catch (error) {
      return failure(toQueryError(error, statement));
    }
  }

  /** Inside: writes are queued, reads are answered at once, all of them as of one moment. */
  async #inside(steps: readonly QueryStep[], transaction: Transaction): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    const reads: { readonly at: number; readonly statement: Statement }[] = [];
    for (const [at, { statement, onError }] of steps.entries()) {
      try {
        const { isRead, verb } = scan(statement.text);
        if (transaction.failure) throw transaction.failure;
        if (isRead) {
          if (transaction.writes.length > 0) transaction.checkReach(statement, await this.#schema(transaction));
          reads.push({ at, statement });
          outcomes.push(SKIPPED);
        } else if (/^(?:PRAGMA|EXPLAIN)$/.test(verb) && !scan(statement.text).leavesState)
          outcomes.push(toOutcome(await this.#requests.raw(bindForWorkerd(statement))));
        else if (transaction.isReadOnly) throw readOnly(statement.text);
        else outcomes.push({ status: "done", result: await this.#queue(statement, transaction) });
      } catch (error) {
        outcomes.push(failure(toQueryError(error, statement)));
        if (onError !== "stop") continue;
        outcomes.push(...steps.slice(at + 1).map(() => SKIPPED));
        break;
      }
    }
    if (reads.length > 0) await this.#read(reads, outcomes, transaction);
    return outcomes;
  }

  async #queue(statement: Statement, transaction: Transaction): Promise<RawResult> {
    transaction.checkWrite(statement);
    const { writes, guards } = transaction;
    if (!this.#place.triesWrites) return transaction.queue(statement, undefined);
    try {
      const list = [...writes.map((each) => each.statement), statement];
      const tried = writes.map((each) => each.tried);
      return transaction.queue(statement, await this.#requests.try(list, guards, tried));
    } catch (error) {
      throw error instanceof GuardFailure ? this.#changed(transaction, error) : error;
    }
  }

  async #read(
    reads: readonly { readonly at: number; readonly statement: Statement }[],
    outcomes: StepOutcome[],
    transaction: Transaction,
  ): Promise<void> {
    try {
      const answers = await this.#requests.read(
        reads.map(({ statement }) => statement),
        transaction.guards,
      );
      reads.forEach(({ at, statement }, index) => {
        outcomes[at] = this.#remembered(statement, answers[index]!, transaction);
      });
    } catch (error) {
      if (error instanceof GuardFailure) {
        const changed = this.#changed(transaction, error);
        for (const { at } of reads) outcomes[at] = failure(changed);
      } else if (!(error instanceof ListFailure) && !isDbError(error, "QUERY_FAILED")) throw error;
      else if (reads.length === 1) outcomes[reads[0]!.at] = failure(toQueryError(error, reads[0]!.statement));
      // One of them has failed: each by itself tells which.
      else for (const read of reads) await this.#read([read], outcomes, transaction);
    }
  }

  #changed(transaction: Transaction, { place, cause }: GuardFailure): Error {
    if (transaction.seen[place]?.text === SCHEMA) this.#place.schema = undefined;
    return transaction.changed(place, cause);
  }

  #remembered(statement: Statement, { columns, rows }: Rows, transaction: Transaction): StepOutcome {
    try {
      transaction.remember(see(statement.text, bindForWorkerd(statement), columns.length, rows));
      return toOutcome({ columns, rows });
    } catch (error) {
      return failure(error as Error);
    }
  }

  /** The schema, which stays for the rest of the transaction: otherwise it is one of the things that have changed. */
  async #schema(transaction: Transaction): Promise<readonly (readonly unknown[])[]> {
    const schema = (this.#place.schema ??= (await this.#requests.read([{ text: SCHEMA }]))[0]!.rows);
    if (!transaction.seen.some(({ text }) => text === SCHEMA))
      transaction.remember(see(SCHEMA, bindForWorkerd({ text: SCHEMA }), 4, schema));
    return schema;
  }

  /** What leaves at COMMIT, in one request: guards, what was queued, and what is sent along. */
  async #commit(steps: readonly Step[]): Promise<StepOutcome[]> {
    const [first] = steps;
    if (first?.kind === "begin") {
      const begun = this.#begin(first.options);
      if (begun.status === "failed") return [begun];
    }
    const transaction = this.#transaction!;
    if (transaction.failure) return this.#refuse(steps, transaction.failure);
    const own = steps.filter((step) => step.kind === "query").map(({ statement }) => statement);
    const denied = transaction.isReadOnly ? own.findIndex(({ text }) => isWrite(text)) : -1;
    if (denied >= 0) return this.#fail(steps, denied, readOnly(own[denied]!.text));
    const queued = transaction.writes.map(({ statement }) => statement);
    try {
      const list = [...queued, ...own];
      const results =
        list.length > 0
          ? await this.#requests.write(
              list,
              transaction.guards,
              transaction.writes.map(({ tried }) => tried),
            )
          : [];
      transaction.writes.forEach(({ result }, at) => result.settle(results[at]!));
      this.#end();
      let next = queued.length;
      return [...steps.map((step) => (step.kind === "query" ? toDone(results[next++]!) : DONE)), DONE];
    } catch (error) {
      if (isDbError(error) && error.outcome === "executed") this.#end();
      if (error instanceof GuardFailure) this.#changed(transaction, error);
      else if (error instanceof ListFailure) {
        const at = error.at ?? NaN;
        if (at >= queued.length) return this.#fail(steps, at - queued.length, errorOf(error, own[at - queued.length]!));
        transaction.failure = ofCommit(
          errorOf(error, queued[at] ?? { text: "commit" }),
          at,
          queued.length + own.length,
        );
      } else throw error;
      return this.#refuse(steps, transaction.failure!);
    }
  }

  /** Nothing of it was done, and the commit is what has failed. */
  #refuse(steps: readonly Step[], error: Error): StepOutcome[] {
    this.#forget(steps);
    return [...steps.map(() => DONE), failure(error)];
  }

  /** Nothing of it was done, because of one of the statements that were sent along. */
  #fail(steps: readonly Step[], query: number, error: Error): StepOutcome[] {
    this.#forget(steps);
    let queries = 0;
    let hasFailed = false;
    const outcomes = steps.map((step): StepOutcome => {
      if (hasFailed) return SKIPPED;
      hasFailed = step.kind === "query" && queries++ === query;
      return hasFailed ? failure(error) : DONE;
    });
    return [...outcomes, SKIPPED];
  }

  /** A transaction that began here ends here; an older one is its owner's to roll back. */
  #forget([first]: readonly Step[]): void {
    if (first?.kind === "begin") this.#end();
  }

  #end(): void {
    this.#transaction = undefined;
    this.#place.leave();
  }
}

function stops(step: Step): boolean {
  return step.kind !== "query" || step.onError === "stop";
}

/** May stand ahead of COMMIT in the request that is one. */
function isOfCommit(step: Step, at: number): boolean {
  if (step.kind === "query") return step.onError === "stop" && !step.isSetup;
  return step.kind === "begin" ? at === 0 : step.kind === "savepoint" || step.kind === "release";
}

function isWrite(text: string): boolean {
  return !/^(?:SELECT|VALUES|EXPLAIN|PRAGMA)$/.test(scan(text).verb);
}

/** In a list, the error must say which statement it was. */
function ofCommit(error: DbError<"QUERY_FAILED">, at: number, length: number): Error {
  if (Number.isNaN(at) || length < 2) return error;
  const message = `statement ${at + 1} of ${length} in the commit: ${error.message.slice(error.code.length + 2)}`;
  return new DbError(error.code, message, { ...error.details, statementIndex: at }, error);
}

function readOnly(sql: string): DbError {
  const details = { kind: "permission", sql, dialectCode: "SQLITE_READONLY" } as const;
  return new DbError("QUERY_FAILED", "attempt to write a readonly database: the transaction is `read only`", details);
}

function failure(error: Error): StepOutcome {
  return { status: "failed", error };
}

function toDone(result: RawResult): StepOutcome {
  return { status: "done", result };
}

function toOutcome({ columns, rows }: Rows): StepOutcome {
  return { status: "done", result: { columns, rows: rows.map(toRow), rowsAffected: 0 } };
}

function toQueryError(error: unknown, statement: Statement): Error {
  if (error instanceof ListFailure) return errorOf(error, statement);
  if (isDbError(error, "QUERY_FAILED") || isDbError(error, "TRANSACTION_UNSUPPORTED")) return error;
  throw error;
}
