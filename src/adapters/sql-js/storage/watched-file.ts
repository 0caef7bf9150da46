import type { SqlJsDatabase } from "../driver.ts";
import { isWithin } from "../errors.ts";
import { BLOCK_BYTES, blocksOf, type Change } from "./block.ts";
import type { Door, Watched } from "./door.ts";

/** A database's own file, as a storage sees it. */
export interface DatabaseFile {
  /** What was committed since the last call; `undefined`: nothing, or a transaction is open. */
  take(): Change | undefined;
  /** No longer of interest: another file has taken its place. */
  release(): void;
}

/** Knows the blocks that were written, by the private door: its cost is that of the change, whatever the size of the database. */
export class WatchedFile implements DatabaseFile, Watched {
  stream: Watched["stream"];
  readonly #door: Door;
  readonly #db: SqlJsDatabase;
  readonly #dirty: Set<number>;

  /** @param before - of which `db` is a copy: what was not taken of it is not yet kept, nor is the header, where `export()` sets some numbers. */
  constructor(door: Door, db: SqlJsDatabase, before?: DatabaseFile) {
    this.#door = door;
    this.#db = db;
    this.#dirty = new Set(before instanceof WatchedFile ? [0, ...before.#dirty] : undefined);
    door.watch(db, this);
  }

  onWrite(start: number, end: number): void {
    for (let block = Math.floor(start / BLOCK_BYTES); block < blocksOf(end); block++) this.#dirty.add(block);
  }

  take(): Change | undefined {
    if (this.#dirty.size === 0) return undefined;
    // With a transaction open, pages that are not committed may have been written.
    if (isInTransaction(this.#db)) return undefined;
    const sizeBytes = sizeOf(this.#db);
    const blocks = new Map<number, Uint8Array>();
    const count = blocksOf(sizeBytes);
    for (const block of [...this.#dirty].sort((a, b) => a - b)) if (block < count) blocks.set(block, this.#read(block));
    // Its commits go to another file, in memory.
    if (blocks.get(0)?.[18] === 2) {
      this.#db.exec("PRAGMA journal_mode=MEMORY");
      return this.take();
    }
    this.#dirty.clear();
    return { sizeBytes, blocks };
  }

  release(): void {
    this.#door.unwatch(this.#db);
  }

  #read(block: number): Uint8Array {
    const bytes = new Uint8Array(BLOCK_BYTES);
    if (!this.stream) throw new Error("SQLite has written without a call of its file system");
    this.#door.read(this.stream, block * BLOCK_BYTES, bytes);
    return bytes;
  }
}

/** Whether a transaction is open: only a BEGIN that is refused for it proves that. @throws what else went wrong. */
export function isInTransaction(db: SqlJsDatabase): boolean {
  try {
    db.exec("BEGIN;COMMIT");
    return false;
  } catch (error) {
    if (isWithin(error)) return true;
    throw error;
  }
}

/** How many bytes the database's file has. */
function sizeOf(db: SqlJsDatabase): number {
  const results = db.exec("PRAGMA page_count;PRAGMA page_size") as { values: [[number]] }[];
  return results.reduce((product, { values: [[value]] }) => product * value, 1);
}
