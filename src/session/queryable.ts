import type { RawResult, Result, Row, SqlValue } from "../contract/statement.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { toResult } from "./rows.ts";
import { type Carry, type RunQuery, SqlQuery } from "./sql-query.ts";
import type { StatementInput } from "./statement.ts";

export interface StreamRowsOptions {
  /** Rows fetched at a time. Integer >= 1. Default 100. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Anything that runs statements: a Database, a Session, `db.autocommit`. */
export abstract class Queryable {
  /** @internal */
  abstract submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T>;

  /**
   * Reads rows one by one, fetched in batches, without holding the whole result in memory. Leaving the loop early ends the stream.
   *
   * @throws DbError `SESSION_CLOSED` from the loop if its session has ended.
   */
  abstract stream<R = Row>(statement: StatementInput, options?: StreamRowsOptions): AsyncIterable<R>;

  /** @internal `ContextProvider.carry`, for every promise that a user is given to await. */
  abstract get carry(): Carry | undefined;

  /** @internal */
  carried<T>(promise: Promise<T>): Promise<T> {
    const { carry } = this;
    return carry ? carry(promise) : promise;
  }

  /** @internal The target that a query created here will run on. */
  target(): Queryable {
    return this;
  }

  /**
   * Creates a query from a template; each `${value}` becomes a parameter, each nested query becomes part of the text.
   *
   * @returns a lazy query; awaiting it runs it and returns its rows as objects.
   */
  sql<R = Row>(strings: TemplateStringsArray, ...values: readonly (SqlValue | SqlQuery<unknown>)[]): SqlQuery<R> {
    const target = this.target();
    const send: RunQuery = (query) => target.submit("query", [query], ([result]) => result!);
    return new SqlQuery<R>(strings, values, send, this.carry);
  }

  /**
   * Runs one statement.
   *
   * @param text - with the database's own placeholders: `?` or `$1`.
   * @param params - one value per placeholder, by position or by name.
   * @param options.timeoutMs - longest time to the answer, including the wait for a connection. Default: no limit.
   * @throws DbError `QUERY_FAILED` | `QUERY_TIMEOUT` | `CONNECTION_LOST` | …; or the signal's own reason.
   */
  query<R = Row>(
    text: string,
    params?: readonly SqlValue[] | Readonly<Record<string, SqlValue>>,
    options?: DeadlineOptions,
  ): Promise<Result<R>> {
    return this.carried(this.submit("query", [{ text, params }], ([result]) => toResult<R>(result!, [text]), options));
  }

  /**
   * Runs a list of statements in one flight, all or nothing, also within a transaction.
   *
   * @returns one result per statement, in order.
   * @throws DbError `QUERY_FAILED` whose `details.statementIndex` names the statement that failed.
   */
  batch(statements: readonly StatementInput[], options?: DeadlineOptions): Promise<Result[]> {
    return this.carried(
      this.submit("batch", statements, (results) => results.map((result) => toResult(result)), options),
    );
  }
}
