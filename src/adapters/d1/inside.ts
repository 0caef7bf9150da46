import type { QueryStep, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { SKIPPED } from "../shared/flight.ts";
import { scan } from "../sqlite/scan.ts";
import { readOnly } from "../sqlite/workerd-adapter.ts";
import { bindForWorkerd } from "../sqlite/workerd-values.ts";
import type { Rows } from "./answers.ts";
import { see } from "./guard.ts";
import { failure, toOutcome, toQueryError } from "./outcomes.ts";
import type { Place } from "./place.ts";
import { SCHEMA } from "./reach.ts";
import { GuardFailure, ListFailure, type Requests } from "./requests.ts";
import type { Transaction } from "./transaction.ts";

/** What is asked inside of a transaction, before its COMMIT. */
export class Inside {
  readonly #requests: Requests;
  readonly #place: Place;
  readonly #transaction: Transaction;

  constructor(requests: Requests, place: Place, transaction: Transaction) {
    this.#requests = requests;
    this.#place = place;
    this.#transaction = transaction;
  }

  /** Writes are queued, reads are answered at once, all of them as of one moment. */
  async take(steps: readonly QueryStep[]): Promise<StepOutcome[]> {
    const transaction = this.#transaction;
    const outcomes: StepOutcome[] = [];
    const reads: { readonly at: number; readonly statement: Statement }[] = [];
    for (const [at, { statement, onError }] of steps.entries()) {
      try {
        const { isRead, verb } = scan(statement.text);
        if (transaction.failure) throw transaction.failure;
        if (isRead) {
          if (transaction.writes.length > 0) transaction.checkReach(statement, await this.#schema());
          reads.push({ at, statement });
          outcomes.push(SKIPPED);
        } else if (/^(?:PRAGMA|EXPLAIN)$/.test(verb) && !scan(statement.text).leavesState)
          outcomes.push(toOutcome(await this.#requests.raw(bindForWorkerd(statement))));
        else if (transaction.isReadOnly) throw readOnly(statement.text);
        else outcomes.push({ status: "done", result: await this.#queue(statement) });
      } catch (error) {
        outcomes.push(failure(toQueryError(error, statement)));
        if (onError !== "stop") continue;
        outcomes.push(...steps.slice(at + 1).map(() => SKIPPED));
        break;
      }
    }
    if (reads.length > 0) await this.#read(reads, outcomes);
    return outcomes;
  }

  async #queue(statement: Statement): Promise<RawResult> {
    const transaction = this.#transaction;
    transaction.checkWrite(statement);
    const { writes, guards } = transaction;
    if (!this.#place.triesWrites) return transaction.queue(statement, undefined);
    try {
      const list = [...writes.map((each) => each.statement), statement];
      const tried = writes.map((each) => each.tried);
      return transaction.queue(statement, await this.#requests.try(list, guards, tried));
    } catch (error) {
      throw error instanceof GuardFailure ? changed(this.#place, transaction, error) : error;
    }
  }

  async #read(
    reads: readonly { readonly at: number; readonly statement: Statement }[],
    outcomes: StepOutcome[],
  ): Promise<void> {
    const transaction = this.#transaction;
    try {
      const answers = await this.#requests.read(
        reads.map(({ statement }) => statement),
        transaction.guards,
      );
      reads.forEach(({ at, statement }, index) => {
        outcomes[at] = this.#remembered(statement, answers[index]!);
      });
    } catch (error) {
      if (error instanceof GuardFailure) {
        const reason = changed(this.#place, transaction, error);
        for (const { at } of reads) outcomes[at] = failure(reason);
      } else if (!(error instanceof ListFailure) && !isDbError(error, "QUERY_FAILED")) throw error;
      else if (reads.length === 1) outcomes[reads[0]!.at] = failure(toQueryError(error, reads[0]!.statement));
      // One of them has failed: each by itself tells which.
      else for (const read of reads) await this.#read([read], outcomes);
    }
  }

  #remembered(statement: Statement, { columns, rows }: Rows): StepOutcome {
    try {
      this.#transaction.remember(see(statement.text, bindForWorkerd(statement), columns.length, rows));
      return toOutcome({ columns, rows });
    } catch (error) {
      return failure(error as Error);
    }
  }

  /** The schema, which stays for the rest of the transaction: otherwise it is one of the things that have changed. */
  async #schema(): Promise<readonly (readonly unknown[])[]> {
    const transaction = this.#transaction;
    const schema = (this.#place.schema ??= (await this.#requests.read([{ text: SCHEMA }]))[0]!.rows);
    if (!transaction.seen.some(({ text }) => text === SCHEMA))
      transaction.remember(see(SCHEMA, bindForWorkerd({ text: SCHEMA }), 4, schema));
    return schema;
  }
}

/** Takes note of a guard that failed. @returns the error that it means. */
export function changed(place: Place, transaction: Transaction, failed: GuardFailure): Error {
  if (transaction.seen[failed.place]?.text === SCHEMA) place.schema = undefined;
  return transaction.changed(failed.place, failed.cause);
}
