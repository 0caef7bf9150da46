import type { Params, Result, Row } from "../contract/statement.ts";
import { checkNumber } from "../pool/options.ts";
import type { Queryable } from "./queryable.ts";
import { follow } from "./quiet.ts";

/** DB-API style reader over a session's connection. */
export class Cursor implements AsyncIterable<Row> {
  readonly #session: Queryable;
  #rows: Row[] = [];
  #next = 0;
  #isClosed = false;
  /** Column names of the last statement; `undefined` if it returns no rows, or before the first one. */
  description: readonly string[] | undefined;
  /** Rows that the last statement returned or changed; -1 before the first one. */
  rowCount = -1;
  /** Row id of the last insert, if the database has one. */
  lastRowid: number | bigint | undefined;

  /** @internal */
  constructor(session: Queryable) {
    this.#session = session;
  }

  /** Runs a statement, whose rows can then be fetched. */
  execute(text: string, params?: Params): Promise<this> {
    if (this.#isClosed) return Promise.reject(new TypeError("Expected an open cursor: take session.resetCursor()"));
    this.#rows = [];
    this.#next = 0;
    this.description = this.lastRowid = undefined;
    this.rowCount = -1;
    return this.#session.carried(follow(this.#session.query(text, params), (result) => this.#take(result)));
  }

  #take({ rows, columns, rowsAffected, lastInsertRowid }: Result): this {
    // Whatever was executed meanwhile: it is this statement's rows that are read from here on.
    this.#rows = this.#isClosed ? [] : rows;
    this.#next = 0;
    this.lastRowid = lastInsertRowid;
    this.description = columns.length > 0 ? columns : undefined;
    this.rowCount = this.description ? rows.length : rowsAffected;
    return this;
  }

  /** The next row, or `undefined` after the last one. */
  fetchOne(): Row | undefined {
    return this.#rows[this.#next++];
  }

  /** The next `count` rows, or as many as are left. @throws TypeError unless it is an integer >= 0. */
  fetchMany(count: number): Row[] {
    return this.#rows.slice(this.#next, (this.#next += checkNumber("count", count)));
  }

  /** All remaining rows. */
  fetchAll(): Row[] {
    return this.fetchMany(Infinity);
  }

  /** Drops the rows; the session is not affected. */
  close(): void {
    this.#isClosed = true;
    this.#rows = [];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    for (let row = this.fetchOne(); row; row = this.fetchOne()) yield row;
  }
}
