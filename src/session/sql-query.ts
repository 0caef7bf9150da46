import type { RawResult, Result, Row, SqlValue, Statement } from "../contract/statement.ts";
import { toResult, toRows } from "./rows.ts";

const BRAND: unique symbol = Symbol.for("isopool.SqlQuery");

/** Runs a query on the session that it was made for. */
export type RunQuery = (query: SqlQuery<unknown>) => Promise<RawResult>;

/**
 * A statement written as a template: values become parameters, queries inside a query become part of its text.
 * Lazy: it runs when it is first awaited, and exactly once however often that happens; in a `batch` it does not run by itself.
 */
export class SqlQuery<R = Row> implements PromiseLike<R[]> {
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];
  readonly #runQuery: RunQuery;
  #result: Promise<RawResult> | undefined;

  constructor(strings: readonly string[], values: readonly unknown[], runQuery: RunQuery) {
    this.#strings = strings;
    this.#values = values;
    this.#runQuery = runQuery;
  }

  /** @internal */
  get [BRAND](): boolean {
    return true;
  }

  /** The first row, or `undefined` when there is none. */
  async first(): Promise<R | undefined> {
    return (await this)[0];
  }

  /** Rows as arrays in column order: `[[1, "Ada"]]`. The way to read duplicate column names. */
  async values(): Promise<SqlValue[][]> {
    return (await this.#once()).rows;
  }

  /** The full result: rows, columns, rows affected, last row id. */
  async run(): Promise<Result<R>> {
    return toResult<R>(await this.#once(), this.#strings);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a query is awaited: that is its interface
  then<A = R[], B = never>(
    onFulfilled?: ((rows: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#once()
      .then((raw) => toRows<R>(raw, this.#strings))
      .then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<R[] | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<R[]> {
    return this.then().finally(onFinally);
  }

  /**
   * Writes the query as text and parameters.
   *
   * @param placeholder - `?`, or `$` for `$1`, `$2`, ….
   */
  toStatement(placeholder: "?" | "$"): Statement {
    const params: SqlValue[] = [];
    return { text: this.write(placeholder, params), params };
  }

  /** @internal Not private: a query made by another copy of the package composes too. */
  write(placeholder: "?" | "$", params: SqlValue[]): string {
    let text = this.#strings[0] ?? "";
    this.#values.forEach((value, index) => {
      if (isSqlQuery(value)) text += value.write(placeholder, params);
      else {
        params.push(value as SqlValue);
        text += placeholder === "?" ? "?" : `$${params.length}`;
      }
      text += this.#strings[index + 1];
    });
    return text;
  }

  #once(): Promise<RawResult> {
    return (this.#result ??= this.#runQuery(this));
  }
}

/** Tells a query from a value; works across copies of the package. */
export function isSqlQuery(value: unknown): value is SqlQuery<unknown> {
  return typeof value === "object" && value !== null && BRAND in value;
}
