import type { QueryStep, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { SKIPPED } from "../shared/flight.ts";
import { scan } from "../sqlite/scan.ts";
import { readOnly } from "../sqlite/workerd-adapter.ts";
import { bindForWorkerd } from "../sqlite/workerd-values.ts";
import type { Rows } from "./answers.ts";
import { see, type Seen } from "./guard.ts";
import { failure, toOutcome, toQueryError } from "./outcomes.ts";
import type { Place } from "./place.ts";
import { SCHEMA } from "./reach.ts";
import { GuardFailure, ListFailure, type Requests } from "./requests.ts";
import type { Transaction } from "./transaction.ts";

interface Read {
  readonly at: number;
  readonly statement: Statement;
  /** Writes are waiting ahead of it. */
  readonly isBehind: boolean;
}

/** What is asked inside of a transaction, before its COMMIT. */
export class Inside {
  readonly #requests: Requests;
  readonly #place: Place;
  readonly #transaction: Transaction;
  /** The schema, where it is one that an older transaction has read, and nothing of this one stands on it yet. */
  #kept: Seen | undefined;
  /** It was another one: what was decided by it is decided again. */
  #isAnew = false;

  constructor(requests: Requests, place: Place, transaction: Transaction) {
    this.#requests = requests;
    this.#place = place;
    this.#transaction = transaction;
  }

  /** Writes are queued, reads are answered at once, all of them as of one moment. */
  async take(steps: readonly QueryStep[]): Promise<StepOutcome[]> {
    const transaction = this.#transaction;
    const outcomes: StepOutcome[] = [];
    const reads: Read[] = [];
    for (const [at, { statement, onError }] of steps.entries()) {
      try {
        const { isRead, verb } = scan(statement.text);
        if (transaction.failure) throw transaction.failure;
        if (isRead) {
          const isBehind = transaction.writes.length > 0;
          if (isBehind) await this.#check(statement);
          reads.push({ at, statement, isBehind });
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
    if (reads.length > 0) await (this.#isAnew ? this.#readAnew(reads, outcomes) : this.#read(reads, outcomes));
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

  async #read(reads: readonly Read[], outcomes: StepOutcome[]): Promise<void> {
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
      if (error instanceof GuardFailure && this.#kept && transaction.seen[error.place] === this.#kept) {
        this.#forget();
        await this.#readAnew(reads, outcomes);
      } else if (error instanceof GuardFailure) {
        const reason = changed(this.#place, transaction, error);
        for (const { at } of reads) outcomes[at] = failure(reason);
      } else if (!(error instanceof ListFailure) && !isDbError(error, "QUERY_FAILED")) throw error;
      else if (reads.length === 1) outcomes[reads[0]!.at] = failure(toQueryError(error, reads[0]!.statement));
      // One of them has failed: each by itself tells which.
      else for (const read of reads) await this.#read([read], outcomes);
    }
  }

  /** By the schema as it is now. */
  async #readAnew(reads: readonly Read[], outcomes: StepOutcome[]): Promise<void> {
    const rest: Read[] = [];
    for (const read of reads) {
      try {
        if (read.isBehind) await this.#check(read.statement);
        rest.push(read);
      } catch (error) {
        outcomes[read.at] = failure(toQueryError(error, read.statement));
      }
    }
    if (rest.length > 0) await this.#read(rest, outcomes);
  }

  #remembered(statement: Statement, { columns, rows }: Rows): StepOutcome {
    try {
      this.#transaction.remember(see(statement.text, bindForWorkerd(statement), columns.length, rows));
      return toOutcome({ columns, rows });
    } catch (error) {
      return failure(error as Error);
    }
  }

  /** @throws DbError `TRANSACTION_UNSUPPORTED`: by the schema as it is, and not as it was for an older transaction. */
  async #check(statement: Statement): Promise<void> {
    try {
      this.#transaction.checkReach(statement, await this.#schema());
    } catch (error) {
      if (!this.#kept) throw error;
      this.#forget();
      this.#transaction.checkReach(statement, await this.#schema());
    }
  }

  #forget(): void {
    const { seen } = this.#transaction;
    seen.splice(seen.indexOf(this.#kept!), 1);
    this.#kept = this.#place.schema = undefined;
    this.#isAnew = true;
  }

  /** The schema, which stays for the rest of the transaction: otherwise it is one of the things that have changed. */
  async #schema(): Promise<readonly (readonly unknown[])[]> {
    const transaction = this.#transaction;
    const isKept = this.#place.schema !== undefined;
    const schema = (this.#place.schema ??= (await this.#requests.read([{ text: SCHEMA }]))[0]!.rows);
    if (!transaction.seen.some(({ text }) => text === SCHEMA)) {
      transaction.remember(see(SCHEMA, bindForWorkerd({ text: SCHEMA }), 4, schema));
      if (isKept) this.#kept = transaction.seen.at(-1);
    }
    return schema;
  }
}

/** Takes note of a guard that failed. @returns the error that it means. */
export function changed(place: Place, transaction: Transaction, failed: GuardFailure): Error {
  if (transaction.seen[failed.place]?.text === SCHEMA) place.schema = undefined;
  return transaction.changed(failed.place, failed.cause);
}
