import { browserPlace, type BrowserStorageKind, type FoundKind } from "./browser-place.ts";
import { checkNames } from "../../../option-names.ts";
import { COMMIT_OPTIONS, type CommitOptions, type CommitStorage, createStorage } from "./commit-storage.ts";
import { idbPlace } from "./idb-place.ts";
import { opfsPlace } from "./opfs-place.ts";

export { memory } from "../storage.ts";
export type { BrowserStorageKind } from "./browser-place.ts";
export type { CommitOptions, CommitStorage } from "./commit-storage.ts";
export type { Durability } from "./stored-database.ts";

/**
 * Keeps each commit in files of the browser's own file system, by a log: the fastest there is, in a dedicated Worker alone. One tab
 * or worker at a time has a database open: others get `STORAGE_FAILED`, reason `locked`.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs, storage: opfs() })] });
 */
export function opfs(options: CommitOptions = {}): CommitStorage {
  checkNames(options, COMMIT_OPTIONS, "opfs()");
  return createStorage(opfsPlace, options);
}

/**
 * Keeps each commit in IndexedDB: one transaction with the blocks that have changed. For pages, and wherever OPFS cannot be written.
 * One tab or worker at a time, as with `opfs()`; one that was frozen while another took over is refused.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const storage = indexedDb({ durability: "relaxed" });
 */
export function indexedDb(options: CommitOptions = {}): CommitStorage {
  checkNames(options, COMMIT_OPTIONS, "indexedDb()");
  return createStorage(idbPlace, options);
}

export interface BrowserStorageOptions extends CommitOptions {
  /** Called where neither can be had: the database is in memory, and gone with its page. Default: a warning on the console. */
  readonly onMemory?: ((name: string, cause: unknown) => void) | undefined;
}

export interface BrowserStorage extends CommitStorage {
  /** What the database of a name is kept in; `undefined`: it was not opened yet. For a page to show. */
  kindOf(name: string): BrowserStorageKind | undefined;
}

/**
 * The best storage that this thread has: `opfs()` in a dedicated Worker, `indexedDb()` elsewhere, memory where there is none, which it
 * says aloud. A database that is in one already stays there.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const storage = browserStorage({ onMemory: (name) => banner.show(`${name} is not saved in this browser`) });
 */
export function browserStorage(options: BrowserStorageOptions = {}): BrowserStorage {
  checkNames(options, [...COMMIT_OPTIONS, "onMemory"] satisfies (keyof BrowserStorageOptions)[], "browserStorage()");
  const { onMemory = warn } = options;
  if (typeof onMemory !== "function")
    throw new TypeError(`Expected \`onMemory\` to be a function, got \`${typeof onMemory}\``);
  const kinds = new Map<string, FoundKind>();
  return { ...createStorage(browserPlace(kinds, onMemory), options), kindOf: (name) => kinds.get(name)?.kind };
}

function warn(name: string, cause: unknown): void {
  globalThis.console.warn(
    `isopool: \`${name}\` is in memory and is gone with this page: the browser gives it no storage`,
    cause,
  );
}
