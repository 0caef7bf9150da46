// What is used of sql.js, declared by its shape: the package ships no types, and is passed in.

export type DriverValue = null | string | number | boolean | bigint | Uint8Array;

export interface SqlJsStatement {
  /** Takes `DriverValue[]`; written wider, because @types/sql.js knows no bigint, and its class must fit. */
  bind(values?: unknown): boolean;
  step(): boolean;
  get(params?: null, config?: { useBigInt?: boolean }): unknown[];
  getColumnNames(): string[];
  reset(): unknown;
  free(): boolean;
}

/** A sql.js `Database`. */
export interface SqlJsDatabase {
  prepare(sql: string): SqlJsStatement;
  exec(sql: string): unknown[];
  getRowsModified(): number;
  export(): Uint8Array;
  close(): void;
}

/** The result of `await initSqlJs()`. */
export interface SqlJsStatic {
  readonly Database: new (image?: Uint8Array) => SqlJsDatabase;
}
