// SQLite itself: sql.js, loaded once in a thread.

import initSqlJs from "sql.js";
import wasmUrl from "sql.js/dist/sql-wasm-browser.wasm?url";
import type { SqlJsDatabase, SqlJsStatic, SqlJsStatement } from "../../../src/adapters/sql-js/driver.ts";

/** As sql.js has it: the types of DefinitelyTyped know no bigint values. */
export interface RawStatement extends SqlJsStatement {
  run(values: readonly unknown[]): void;
}

export interface RawDatabase extends Omit<SqlJsDatabase, "prepare"> {
  prepare(sql: string): RawStatement;
}

export interface Engine extends SqlJsStatic {
  readonly Database: new (image?: Uint8Array) => RawDatabase;
}

let engine: Promise<Engine> | undefined;

export function loadEngine(): Promise<Engine> {
  // sql.js's own replacements of ceil() and the like are deprecated, and warn about it.
  const options = { locateFile: () => wasmUrl, useOldExtensionFunctions: false };
  return (engine ??= initSqlJs(options) as Promise<unknown> as Promise<Engine>);
}
