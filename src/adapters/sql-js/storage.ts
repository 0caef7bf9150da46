import type { Adapter, AdapterSource, MaybePromise } from "../../contract/adapter.ts";
import type { StorageKind } from "../../contract/events.ts";
import type { SqlJsDatabase, SqlJsStatic } from "./driver.ts";

/** Where a database comes from, as one tab of several knows it. */
export interface SqlJsSource extends AdapterSource {
  /** Another tab had it open, and is not to have it any more: whatever it still holds is taken from it. */
  readonly takesOver?: boolean | undefined;
}

/** An adapter that can let go of its database at once: another tab has it by now. */
export interface Abandonable extends Adapter {
  abandon?(): void;
}

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
  /**
   * A handle; its files are opened by its `load()`.
   *
   * @param options.takesOver - whoever has the database open loses it, and can write nothing more.
   */
  open(name: string, sqlJs: SqlJsStatic, options?: { readonly takesOver?: boolean | undefined }): StoredDatabase;
}

/** A database that is kept, commit by commit. */
export interface StoredDatabase {
  /** What it is kept in, once it was loaded. */
  readonly kind?: StorageKind | undefined;
  /** Why it is in memory, although it was to be kept. */
  readonly cause?: unknown;
  /** Set by its engine: called when another tab has taken the storage over, and nothing can be kept any more. */
  onLost?: (() => void) | undefined;
  /** The image as of the last commit that was kept; `undefined` when there is none yet. Called while it loads, it gives the same. */
  load(): MaybePromise<Uint8Array | undefined>;
  /** Follows what is written to `db`, which is made of the image, or a copy of the one before. */
  attach(db: SqlJsDatabase): void;
  /**
   * Keeps what was committed since the last call, if anything was.
   *
   * @param isLast - wait until all is kept, whatever the durability.
   * @returns true: something was.
   */
  commit(isLast?: boolean): MaybePromise<boolean | void>;
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
    // Not an assignment, which another meaning of `__proto__` would take.
    save: (name, image) =>
      void Object.defineProperty(images, name, { value: image, writable: true, enumerable: true, configurable: true }),
  };
}
