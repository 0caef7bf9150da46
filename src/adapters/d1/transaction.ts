import type { RawResult, Statement } from "../../contract/statement.ts";
import { scan } from "../sqlite/scan.ts";
import { bindForWorkerd, type WorkerdStatement } from "../sqlite/workerd-values.ts";
import { changedMeanwhile, unsupported } from "./errors.ts";
import { guard, LARGEST_BYTES, type Seen } from "./guard.ts";
import { LateResult } from "./late-result.ts";
import { reaches } from "./reach.ts";
import { refusal } from "../shared/refusal.ts";
import { returned, toResult } from "./answers.ts";
import type { Tried } from "./tried.ts";

/** A write that leaves at COMMIT. */
export interface Queued {
  readonly statement: Statement;
  readonly bound: WorkerdStatement;
  readonly result: LateResult;
  /** What it has changed when it was tried: the same is to come of it at COMMIT. */
  readonly tried: Tried | undefined;
}

/** A transaction that begins, writes and is rolled back without a word to D1: only its reads and its COMMIT are sent. */
export class Transaction {
  readonly isReadOnly: boolean;
  readonly seen: Seen[] = [];
  readonly writes: Queued[] = [];
  readonly #savepoints: { readonly name: string; readonly writes: number }[] = [];
  #size = 0;
  /** What was read is no longer so, or a write cannot be done: no commit can come of it. */
  failure: Error | undefined;

  constructor(isReadOnly: boolean) {
    this.isReadOnly = isReadOnly;
  }

  /** Statements that fail where anything has changed since it was read. */
  get guards(): WorkerdStatement[] {
    return this.seen.map(guard);
  }

  /** @throws DbError `QUERY_FAILED` of kind `parameter`: it is too much to be compared. */
  remember(seen: Seen): void {
    this.#size += seen.form.length;
    if (this.#size > LARGEST_BYTES)
      throw refusal(
        `what a transaction reads is sent back at its COMMIT, and over ${LARGEST_BYTES} bytes are too much: read less, or outside of it`,
        seen.text,
      );
    this.seen.push(seen);
  }

  /** @returns the error of the guard that failed. */
  changed(place: number, cause: unknown): Error {
    const { text } = this.seen[place] ?? this.writes[place - this.seen.length]!.statement;
    return (this.failure = changedMeanwhile(text, cause));
  }

  /** @throws DbError `TRANSACTION_UNSUPPORTED` for a write whose rows are wanted now. */
  checkWrite(statement: Statement): void {
    if (returned(statement.text) !== undefined)
      throw unsupported(
        "RETURNING before COMMIT",
        "read the rows first, send it with the commit (`session.commit(statement)`), in a batch() alone, or with `transaction: false`",
      );
  }

  queue(statement: Statement, tried: Tried | undefined): RawResult {
    const result = new LateResult();
    this.writes.push({ statement, bound: bindForWorkerd(statement), result, tried });
    return tried ? toResult(statement, tried) : result;
  }

  /**
   * Whether a read can be answered, although writes are waiting: none of them changes what it reads.
   *
   * @param schema - rows of `SCHEMA`.
   * @throws DbError `TRANSACTION_UNSUPPORTED`
   */
  checkReach({ text }: Statement, schema: readonly (readonly unknown[])[]): void {
    const written = this.writes.map(({ statement }) => statement.text);
    if (!written.every((each) => scan(each).isWrite) || reaches(written, text, schema))
      throw unsupported(
        "reading what the transaction itself has written",
        "read before you write, send the query with the commit (`session.commit(query)`), or use `transaction: false`",
      );
  }

  savepoint(name: string): void {
    this.#savepoints.push({ name, writes: this.writes.length });
  }

  /** @returns false: there is no such savepoint. */
  release(name: string): boolean {
    const at = this.#find(name);
    if (at >= 0) this.#savepoints.length = at;
    return at >= 0;
  }

  /** What was read stays: it was read. */
  rollbackTo(name: string): boolean {
    const at = this.#find(name);
    if (at < 0) return false;
    this.writes.length = this.#savepoints[at]!.writes;
    this.#savepoints.length = at + 1;
    return true;
  }

  #find(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
  }
}
