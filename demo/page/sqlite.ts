// SQLite itself: sql.js, loaded once; databases on it, from nothing or from the bytes of a file, and back to bytes.

import initSqlJs from "sql.js";
import wasmUrl from "sql.js/dist/sql-wasm-browser.wasm?url";
import { memory, sqlJs, type SqlJsDatabase, type SqlJsStatic } from "../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database, type DatabaseEvent, shared } from "../../src/index.ts";

let engine: Promise<SqlJsStatic> | undefined;

function loadEngine(): Promise<SqlJsStatic> {
  // The types of DefinitelyTyped know neither this option nor bigint values. The option: sql.js's own replacements
  // of ceil() and the like are deprecated, and warn about it.
  const options = { locateFile: () => wasmUrl, useOldExtensionFunctions: false };
  return (engine ??= initSqlJs(options) as Promise<unknown> as Promise<SqlJsStatic>);
}

// Date.now() counts whole milliseconds, and most flights take less than one here.
const { clock, ...platform } = shared();
const runtime = { ...platform, clock: { ...clock, now: () => performance.now() } };

let files = 0;

/**
 * @param image - the bytes of an SQLite file; `undefined` begins with an empty database.
 * @param warn - called when the file may lack what was written to it last.
 */
export function openDatabase(
  image: Uint8Array | undefined,
  onEvent: (event: DatabaseEvent) => void,
  warn: () => void,
): Database {
  // One name is one database: the next file is opened while the one before is still there.
  const name = `file-${++files}`;
  const storage = memory(image ? { [name]: image } : {});
  return createDatabase(`sqljs:${name}`, { adapters: [sqlJs({ sqlJs: loadEngine, storage, warn })], runtime, onEvent });
}

/** The whole database as the bytes of a file, as of the last commit. */
export function imageOf(db: Database): Promise<Uint8Array<ArrayBuffer>> {
  return db.session(async (session) => {
    const { raw } = await session.getConnection();
    return new Uint8Array((raw as SqlJsDatabase).export());
  });
}
