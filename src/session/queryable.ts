import type { Params, RawResult, Result, Row } from "../contract/statement.ts";
import { checkNames } from "../option-names.ts";
import type { Finish } from "./finish.ts";
import { DEADLINE_OPTIONS, type DeadlineOptions } from "./deadline.ts";
import { toNothing, toRaw, toResult, toResults } from "./rows.ts";
import { type Carry, type RunQuery, SqlQuery } from "./sql-query.ts";
import { parts, type SqlTag } from "./sql-tag.ts";
import { checkList, type StatementInput } from "./statement.ts";

export interface StreamRowsOptions {
  /** Rows fetched at a time. Integer >= 1. Default 100. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

export const STREAM_OPTIONS: readonly (keyof StreamRowsOptions)[] = ["batchSize", "signal"];

/** What the rows of a statement are: those of a typed query, or of any columns. */
export type RowOf<I> = I extends SqlQuery<infer R> ? (unknown extends R ? Row : R) : Row;

/** One result for each statement of a list, its rows as its query says. */
export type BatchResults<List extends readonly StatementInput[]> = {
  -readonly [Index in keyof List]: Result<RowOf<List[Index]>>;
};

/** A list of queries that the work has returned; `[]` makes a tuple of it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a query of any rows; those of each are inferred
export type LazyList = readonly SqlQuery<any>[] | readonly [];

/** What comes of it: the rows of each. */
export type ListRows<List> = 0 extends 1 & List
  ? List
  : { -readonly [Index in keyof List]: List[Index] extends SqlQuery<infer R> ? R[] : List[Index] };

/** Anything that runs statements: a Database, a Session, `db.autocommit`. */
export abstract class Queryable {
  /** @internal */
  abstract submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: Finish<T>,
    options?: DeadlineOptions,
  ): Promise<T>;

  /**
   * Reads rows one by one, fetched in batches, without holding the whole result in memory. Leaving the loop early ends the stream.
   *
   * @throws DbError `SESSION_CLOSED` from the loop if its session has ended.
   */
  abstract stream<R = Row>(statement: SqlQuery<R> | StatementInput, options?: StreamRowsOptions): AsyncIterable<R>;

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

  /** Makes a query from a template: `sql`select * from item where id = ${id}``; parts of one by `sql.id()`, `sql.join()`, `sql.raw()`. */
  declare readonly sql: SqlTag;
  static {
    const sql: SqlTag = Object.assign(sqlOf, parts);
    Object.defineProperty(this.prototype, "sql", { value: sql, configurable: true, writable: true });
  }

  /**
   * Runs one statement.
   *
   * @param text - with the database's own placeholders: `?` or `$1`.
   * @param params - one value per placeholder, by position or by name.
   * @param options.timeoutMs - longest time to the answer, including the wait for a connection. Default: no limit.
   * @throws DbError `QUERY_FAILED` | `QUERY_TIMEOUT` | `CONNECTION_LOST` | …; or the signal's own reason.
   */
  query<R = Row>(text: string, params?: Params, options?: DeadlineOptions): Promise<Result<R>>;
  /** Runs one statement that has its values with it: a query, or a text and its parameters. */
  query<R = Row>(
    statement: SqlQuery<R> | Exclude<StatementInput, string>,
    options?: DeadlineOptions,
  ): Promise<Result<R>>;
  query<R>(given: StatementInput, params?: Params | DeadlineOptions, options?: DeadlineOptions): Promise<Result<R>> {
    const isText = typeof given === "string";
    const input = isText ? { text: given, params: params as Params } : given;
    return ask<Result<R>>(
      this,
      "query",
      [input],
      resultOf,
      isText ? options : (options ?? (params as DeadlineOptions)),
    );
  }

  /**
   * Runs one statement, and gives its rows as arrays in column order: columns of equal names lose nothing.
   *
   * @throws as `query()`.
   */
  raw(statement: StatementInput, options?: DeadlineOptions): Promise<RawResult> {
    return ask(this, "query", [statement], ([result]) => toRaw(result!), options);
  }

  /**
   * Runs a list of statements in one flight, all or nothing, also within a transaction.
   *
   * @returns one result per statement, in order.
   * @throws DbError `QUERY_FAILED` whose `details.statementIndex` names the statement that failed, or whose columns have equal
   *   names: use `rawBatch()` for those.
   */
  batch<const List extends readonly StatementInput[]>(
    statements: List,
    options?: DeadlineOptions,
  ): Promise<BatchResults<List>> {
    return ask(this, "batch", statements, toResults as Finish<BatchResults<List>>, options);
  }

  /** Runs a list as `batch()` does, and gives rows as arrays in column order, as `raw()` does. */
  rawBatch(statements: readonly StatementInput[], options?: DeadlineOptions): Promise<RawResult[]> {
    return ask(this, "batch", statements, (results) => results.map(toRaw), options);
  }

  /**
   * Runs a text of several statements, like that of a `.sql` file, in one flight: all or nothing, also within a transaction.
   * A text without any is done at once.
   *
   * @throws TypeError unless it is a text; DbError as `batch()`; `TRANSACTION_STATEMENT` for one that begins or ends transactions.
   * @example
   * await db.script("create table item (id integer primary key); insert into item values (1), (2);");
   */
  script(text: string, options?: DeadlineOptions): Promise<void> {
    if (typeof text === "string") return ask(this, "batch", [text], toNothing, options);
    return this.carried(Promise.reject(new TypeError(`Expected a text of statements, got \`${typeof text}\``)));
  }
}

// No method: a private one takes eight bytes of each session.
function ask<T>(
  target: Queryable,
  kind: "query" | "batch",
  inputs: readonly StatementInput[],
  finish: Finish<T>,
  options: DeadlineOptions | undefined,
): Promise<T> {
  try {
    if (options) checkNames(options, DEADLINE_OPTIONS, kind === "query" ? "a statement" : "a list");
    if (kind === "batch") checkList(inputs);
  } catch (error) {
    return target.carried(Promise.reject(error));
  }
  return target.carried(target.submit(kind, inputs, finish, options));
}

// One function for all: of its own, each query that waits would hold another one.
function resultOf<R>([result]: RawResult[], _link: unknown, { statements }: Parameters<Finish<unknown>>[2]): Result<R> {
  return toResult<R>(result!, [statements[0]!.text]);
}

function sqlOf<R>(this: Queryable, strings: TemplateStringsArray, ...values: readonly unknown[]): SqlQuery<R> {
  // `const { sql } = db`, as with libraries whose tag is a function of its own.
  if (!this?.target) throw new TypeError("Expected `sql` of a database or session, called as db.sql`select …`");
  if (!Array.isArray(strings?.raw))
    throw new TypeError("Expected a template, sql`select …`; a text is for query(text, params) or raw(text)");
  const target = this.target();
  const send: RunQuery = (query) => target.submit("query", [query], ([result]) => result!);
  return new SqlQuery<R>(strings, values, send, this.carry, target);
}
