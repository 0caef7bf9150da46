import type { MaybePromise } from "../../contract/adapter.ts";
import type { SqlJsDatabase, SqlJsStatic } from "./driver.ts";

/** Loads the image of a named database, and saves it when the database is disposed. */
export interface SqlJsStorage {
  /**
   * Identifies where the images are kept. Storages with the same key count as the same: two Databases of one name may use them.
   * Default: the object itself.
   */
  readonly key?: unknown;
  /** The image of an SQLite file; `undefined` if there is none yet. */
  load(name: string): MaybePromise<Uint8Array | undefined>;
  save(name: string, image: Uint8Array): MaybePromise<void>;
  readonly in?: undefined;
  readonly open?: undefined;
}

/** A storage that keeps each commit, as those of `isopool/sql-js/storage` do: nothing is left to save at `dispose()`. */
export interface SqlJsCommitStorage {
  readonly key: unknown;
  /** The same in another folder; its `key` names that. */
  in(folder: string): SqlJsCommitStorage;
  /** A handle; its files are opened by its `load()`. */
  open(name: string, sqlJs: SqlJsStatic): StoredDatabase;
}

/** A database that is kept, commit by commit. */
export interface StoredDatabase {
  /** The image as of the last commit that was kept; `undefined` when there is none yet. Called while it loads, it gives the same. */
  load(): MaybePromise<Uint8Array | undefined>;
  /** Follows what is written to `db`, which is made of the image, or a copy of the one before. */
  attach(db: SqlJsDatabase): void;
  /**
   * Keeps what was committed since the last call, if anything was.
   *
   * @param isLast - wait until all is kept, whatever the durability.
   */
  commit(isLast?: boolean): MaybePromise<void>;
  close(): void;
}

/**
 * Keeps the images of named databases in `images`, for as long as that object lives.
 *
 * @param images - images by name; add to it to start from a file: `memory({ shop: bytes })`.
 * @example
 * sqlJs({ sqlJs: initSqlJs, storage: memory() }); // Kept as long as the page is.
 */
export function memory(images: Record<string, Uint8Array> = {}): SqlJsStorage {
  return {
    key: images,
    load: (name) => (Object.hasOwn(images, name) ? images[name] : undefined),
    save: (name, image) => void (images[name] = image),
  };
}
