// What travels to a database and what comes back, in words that every layer shares.

/** A value that binds on every adapter. Integers beyond 2^53-1 are `bigint`, blobs are `Uint8Array`. */
export type SqlScalar = null | string | number | bigint | boolean | Date | Uint8Array;

/** A value that binds and comes back; on PostgreSQL also arrays, and plain objects (JSON). */
export type SqlValue = SqlScalar | readonly SqlValue[] | { readonly [key: string]: SqlValue | undefined };

/** Values of the placeholders: by position (`?`, `$1`) or by name (`:name`, written without its mark here). */
export type Params = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

/** One row as a plain object, keys in column order: `{ id: 1, name: "Ada" }`. */
export type Row = Record<string, SqlValue>;

/** SQL with the database's own placeholders (`?` or `$1`), and their values. */
export interface Statement {
  readonly text: string;
  readonly params?: Params | undefined;
  /** PostgreSQL: how values are read for this statement, by the OID of their type; before all other parsers. */
  readonly parsers?: Readonly<Record<number, (text: string) => unknown>> | undefined;
}

/** The result of one statement. */
export interface Result<R = Row> {
  /** Rows in the database's order; `[]` if the statement returns none. */
  readonly rows: R[];
  /** Column names in order; `[]` if the statement returns no rows. */
  readonly columns: string[];
  /** Rows inserted, updated or deleted; 0 for a query. */
  readonly rowsAffected: number;
  /** Row id of the last insert, if the database has one. */
  readonly lastInsertRowid?: number | bigint;
}

/** Rows as arrays, and the names of their columns. */
export interface RowBatch {
  readonly columns: readonly string[];
  readonly rows: SqlValue[][];
  /** PostgreSQL: the OID of each column's type. */
  readonly columnTypes?: readonly number[] | undefined;
}

/** A result as adapters give it: rows are arrays in column order, so duplicate column names lose nothing. */
export interface RawResult extends RowBatch {
  /** Rows inserted, updated or deleted by this statement; 0 for a query or a change of the schema. */
  readonly rowsAffected: number;
  /** Row id of an insert that inserted something; no other statement has one. */
  readonly lastInsertRowid?: number | bigint | undefined;
  /** D1: a write that leaves at COMMIT. Until then, `rowsAffected` and `lastInsertRowid` throw `TRANSACTION_UNSUPPORTED`. */
  readonly isLate?: boolean | undefined;
  /** PostgreSQL: first word of what the server calls the statement: `INSERT`. */
  readonly command?: string | undefined;
}
