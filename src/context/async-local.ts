import type { ContextProvider, Frame } from "../contract/context.ts";
import { ambient, type AmbientOptions } from "./ambient.ts";

/** What isopool needs of Node's AsyncLocalStorage. */
export interface AsyncLocalStorageLike<T> {
  getStore(): T | undefined;
  run<R>(store: T, work: () => R): R;
}

/** The class itself, passed in: `src/` imports no runtime's module, and unused it costs no bytes. */
export type AsyncLocalStorageClass = new () => AsyncLocalStorageLike<unknown>;

/**
 * Keeps the current session in an AsyncLocalStorage: Node, Deno, Bun, and Workers with `nodejs_als` or `nodejs_compat`.
 * All databases that are given the same class share one instance of it.
 *
 * @param AsyncLocalStorage - the class, as imported from `node:async_hooks`.
 * @throws TypeError for anything but the class.
 * @example
 * import { AsyncLocalStorage } from "node:async_hooks";
 *
 * const db = createDatabase(url, { adapters, context: asyncLocal(AsyncLocalStorage) });
 */
export function asyncLocal(AsyncLocalStorage: AsyncLocalStorageClass, options: AmbientOptions = {}): ContextProvider {
  const type = typeof AsyncLocalStorage;
  if (type !== "function" || typeof AsyncLocalStorage.prototype?.getStore !== "function")
    throw new TypeError(`Expected the class \`AsyncLocalStorage\` of node:async_hooks, got \`${type}\``);
  return ambient("asyncLocal", AsyncLocalStorage, () => storageOf(AsyncLocalStorage), options);
}

function storageOf(AsyncLocalStorage: AsyncLocalStorageClass) {
  const storage = new AsyncLocalStorage() as AsyncLocalStorageLike<Frame | undefined>;
  return {
    current: () => storage.getStore(),
    run: <T>(frame: Frame | undefined, work: () => T) => storage.run(frame, work),
  };
}
