import type { BeginOptions, DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { throwIfAborted } from "../../signal.ts";
import { transactionLost } from "../shared/failures.ts";
import { SKIPPED } from "../shared/flight.ts";
import { orAbort } from "../shared/waits.ts";
import { scan } from "../sqlite/scan.ts";
import { readOnly } from "../sqlite/workerd-adapter.ts";
import { bindForWorkerd } from "../sqlite/workerd-values.ts";
import type { D1Handle } from "./driver.ts";
import { closed, toStatementError, unsupported } from "./errors.ts";
import { changed, Inside } from "./inside.ts";
import { DONE, failAt, failure, isWrite, ofCommit, toDone, toOutcome, toQueryError } from "./outcomes.ts";
import type { Place } from "./place.ts";
import { errorOf, GuardFailure, ListFailure, Requests } from "./requests.ts";
import { Transaction } from "./transaction.ts";

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
    return this.#transaction
      ? new Inside(this.#requests, this.#place, this.#transaction).take(queries)
      : this.#alone(queries);
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
    const end = steps.findIndex(({ statement, onError }) => !scan(statement.text).isRead || onError === "stop");
    if (end === 0) return [await this.#ask(steps[0]!.statement)];
    return this.#place.company.watch(end < 0 ? steps : steps.slice(0, end), (reads) => this.#together(reads));
  }

  async #together(reads: readonly QueryStep[]): Promise<StepOutcome[]> {
    const statements = reads.map(({ statement }) => statement);
    if (statements.length > 1)
      try {
        return (await this.#requests.read(statements)).map(toOutcome);
      } catch (error) {
        // One of them has failed, or lost digits: each is asked by itself.
        if (!(error instanceof ListFailure) && !isDbError(error, "QUERY_FAILED")) throw error;
      }
    return Promise.all(statements.map(async (statement) => this.#ask(statement)));
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
    if (denied >= 0) return this.#failAt(steps, denied, readOnly(own[denied]!.text));
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
      return this.#refused(steps, own, error);
    }
  }

  #refused(steps: readonly Step[], own: readonly Statement[], error: unknown): StepOutcome[] {
    const transaction = this.#transaction!;
    const queued = transaction.writes.map(({ statement }) => statement);
    if (isDbError(error) && error.outcome === "executed") this.#end();
    if (error instanceof GuardFailure) changed(this.#place, transaction, error);
    else if (error instanceof ListFailure) {
      const at = error.at ?? NaN;
      if (at >= queued.length) return this.#failAt(steps, at - queued.length, errorOf(error, own[at - queued.length]!));
      transaction.failure = ofCommit(errorOf(error, queued[at] ?? { text: "commit" }), at, queued.length + own.length);
    } else throw error;
    return this.#refuse(steps, transaction.failure!);
  }

  /** Nothing of it was done, and the commit is what has failed. */
  #refuse(steps: readonly Step[], error: Error): StepOutcome[] {
    this.#forget(steps);
    return [...steps.map(() => DONE), failure(error)];
  }

  #failAt(steps: readonly Step[], query: number, error: Error): StepOutcome[] {
    this.#forget(steps);
    return failAt(steps, query, error);
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
