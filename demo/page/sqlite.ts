// SQLite itself: sql.js, loaded once; databases on it, from nothing or from the bytes of a file, and back to bytes.

import initSqlJs, { type Database as SqlJsDatabase } from "sql.js";
import wasmUrl from "sql.js/dist/sql-wasm-browser.wasm?url";
import { memory, sqlJs } from "../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database, type DatabaseEvent } from "../../src/index.ts";

let engine: ReturnType<typeof initSqlJs> | undefined;

/** @param image - the bytes of a SQLite file; `undefined` begins with an empty database. */
export async function openDatabase(
  image: Uint8Array | undefined,
  onEvent: (event: DatabaseEvent) => void,
): Promise<Database> {
  // Its own replacements of ceil() and the like are deprecated, and warn about it.
  engine ??= initSqlJs({ locateFile: () => wasmUrl, useOldExtensionFunctions: false });
  const storage = memory(image ? { file: image } : {});
  return createDatabase("sqljs:file", { adapters: [sqlJs({ sqlJs: await engine, storage })], onEvent });
}

/** The whole database as the bytes of a file, as of the last commit. */
export function imageOf(db: Database): Promise<Uint8Array<ArrayBuffer>> {
  return db.session(async (session) => {
    const { raw } = await session.getConnection();
    return new Uint8Array((raw as SqlJsDatabase).export());
  });
}
