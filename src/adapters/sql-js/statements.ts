import type { RawResult, RowBatch, SqlValue, Statement } from "../../contract/statement.ts";
import { Recent } from "../shared/recent.ts";
import { type BrokenKey, brokenKey, CHECK_KEYS } from "../sqlite/foreign-keys.ts";
import { type Scan, scan } from "../sqlite/scan.ts";
import type { DriverValue, SqlJsDatabase, SqlJsStatement } from "./driver.ts";
import { isLost, isWithin } from "./errors.ts";
import { encode, readColumns, readRow, widen } from "./values.ts";

interface Prepared {
  readonly statement: SqlJsStatement;
  columns?: readonly string[];
}

/** What all connections of an engine know of its schema. */
export interface SharedSchema {
  /** Counts what may have been changes of it. */
  schema: number;
  /** It may be changed unseen. */
  readonly hasRaw: boolean;
}

/** A connection's prepared statements. Each is reset after use: none stays open, and none locks. */
export class Statements {
  /** Nobody else changes the database unseen: what is known of a statement's columns stays true. */
  #isAlone = true;
  readonly #db: SqlJsDatabase;
  readonly #shared: SharedSchema;
  /** As of what is prepared here. */
  #schema: number;
  readonly #prepared: Recent<Prepared>;

  constructor(db: SqlJsDatabase, shared: SharedSchema) {
    this.#db = db;
    this.#shared = shared;
    this.#schema = shared.schema;
    this.#prepared = new Recent<Prepared>(
      64,
      (text) => ({ statement: db.prepare(text) }),
      ({ statement }) => statement.free(),
    );
  }

  /** Runs one statement to its end; throws what sql.js throws. */
  run(statement: Statement, scan: Scan): RawResult {
    const values = encode(scan, statement);
    const prepared = this.#prepared.get(widen(statement.text, scan, values));
    const rows = this.#step(prepared, values);
    const columns = prepared.columns!;
    const rowsAffected = scan.isWrite ? this.#db.getRowsModified() : 0;
    if (rowsAffected === 0 || scan.verb === "UPDATE" || scan.verb === "DELETE") return { columns, rows, rowsAffected };
    return { columns, rows, rowsAffected, lastInsertRowid: this.#lastRowid() };
  }

  // It has one row, always: a step to find that there is no other would cost as much as the insert.
  #lastRowid(): number | bigint {
    const { statement } = this.#prepared.get("SELECT last_insert_rowid()");
    statement.step();
    const [rowid] = readRow(statement) as [number | bigint];
    statement.reset();
    return rowid;
  }

  /** Runs a text that needs no look. */
  execute(text: string): SqlValue[][] {
    return this.#step(this.#prepared.get(text), []);
  }

  /** @throws DbError for a foreign key that leads nowhere. */
  checkKeys(): void {
    const [broken] = this.execute(CHECK_KEYS);
    if (broken) throw brokenKey(...(broken as BrokenKey));
  }

  // sql.js does not export sqlite3_get_autocommit().
  /** Whether a transaction is open: only a BEGIN that is refused for it proves that. @throws what else went wrong. */
  isInTransaction(): boolean {
    try {
      this.execute("begin");
      this.execute("commit");
      return false;
    } catch (error) {
      if (isWithin(error)) return true;
      throw error;
    }
  }

  /** @param query - runs what is no query to its end: half read, one that writes would keep COMMIT from being done. */
  *stream(statement: Statement, batchSize: number, query: () => RawResult): Generator<RowBatch, void> {
    const seen = scan(statement.text);
    if (seen.isRead) return yield* this.read(statement, seen, batchSize);
    const { columns, rows } = query();
    while (rows.length > 0) yield { columns, rows: rows.splice(0, batchSize) };
  }

  /** Reads a query's rows with a statement of its own, which others may come between. */
  *read(statement: Statement, scan: Scan, batchSize: number): Generator<RowBatch, void> {
    const values = encode(scan, statement);
    const own = this.#db.prepare(widen(statement.text, scan, values));
    try {
      own.bind(values);
      for (let hasMore = true; hasMore;) {
        const rows: SqlValue[][] = [];
        while (rows.length < batchSize && (hasMore = own.step())) rows.push(readRow(own));
        if (rows.length > 0) yield { columns: readColumns(own), rows };
      }
    } finally {
      own.free();
    }
  }

  /** Takes back what may be open. */
  forget(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {}
  }

  /** Forgets them: the schema has changed, and with it the names of columns; or the connection is closed. */
  clear(): void {
    this.#prepared.clear();
  }

  /** Sets a pragma that acts while it is prepared. */
  set(pragma: string): void {
    this.#db.exec(`PRAGMA ${pragma}`);
  }

  /** The schema may have changed, for all that are on this engine. */
  changeSchema(): void {
    this.clear();
    this.#schema = ++this.#shared.schema;
  }

  /** Forgets them where the schema has changed: by another connection, or by the driver's own handle. */
  follow(): void {
    const { hasRaw, schema } = this.#shared;
    if (hasRaw && this.#isAlone) this.share();
    if (schema !== this.#schema) this.clear();
    this.#schema = schema;
  }

  /** Somebody else has the database from now on, and may change it unseen. */
  share(): void {
    this.#isAlone = false;
    this.clear();
  }

  #step(prepared: Prepared, values: DriverValue[]): SqlValue[][] {
    const { statement } = prepared;
    let rows: SqlValue[][];
    try {
      if (values.length > 0) statement.bind(values);
      // Written out for the first: an array that grows by `push()` makes room for seventeen.
      rows = statement.step() ? [readRow(statement)] : [];
      if (rows.length > 0) while (statement.step()) rows.push(readRow(statement));
      // Not before the first step: it may have to prepare the text again.
      prepared.columns = (this.#isAlone && prepared.columns) || readColumns(statement);
    } catch (error) {
      // A statement of a closed engine is the address 0, and must not be touched.
      if (!isLost(this.#db, error)) statement.reset();
      throw error;
    }
    statement.reset();
    return rows;
  }
}
