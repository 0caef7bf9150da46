import type { Params, Row } from "../contract/statement.ts";
import type { Session } from "./session.ts";

/** DB-API style reader over a session's connection. */
export class Cursor implements AsyncIterable<Row> {
  readonly #session: Session;
  #rows: Row[] = [];
  #next = 0;
  #isClosed = false;
  /** Column names of the last statement; `undefined` when it gives no rows, or before the first one. */
  description: readonly string[] | undefined;
  /** Rows that the last statement gave, or changed; -1 before the first one. */
  rowCount = -1;
  /** Row id of the last insert, where the database has one. */
  lastRowid: number | bigint | undefined;

  /** @internal */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Runs a statement; its rows are then there to fetch. */
  async execute(text: string, params?: Params): Promise<this> {
    if (this.#isClosed) throw new TypeError("Expected an open cursor; this one was closed: take session.resetCursor()");
    const result = await this.#session.query(text, params as Readonly<Record<string, never>>);
    this.#rows = result.rows;
    this.#next = 0;
    this.description = result.columns.length === 0 ? undefined : result.columns;
    this.rowCount = this.description === undefined ? result.rowsAffected : result.rows.length;
    this.lastRowid = result.lastInsertRowid;
    return this;
  }

  /** The next row, or `undefined` after the last one. */
  fetchOne(): Row | undefined {
    return this.#rows[this.#next++];
  }

  /** The next `count` rows, or what is left of them. */
  fetchMany(count: number): Row[] {
    const rows = this.#rows.slice(this.#next, this.#next + count);
    this.#next += rows.length;
    return rows;
  }

  /** All rows that are left. */
  fetchAll(): Row[] {
    return this.fetchMany(this.#rows.length);
  }

  /** Forgets the rows; the session stays as it is. */
  close(): void {
    this.#isClosed = true;
    this.#rows = [];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    for (let row = this.fetchOne(); row !== undefined; row = this.fetchOne()) yield row;
  }
}
