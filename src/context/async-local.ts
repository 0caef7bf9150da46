import type { ContextProvider, Frame } from "../contract/context.ts";

/** What isopool needs of Node's AsyncLocalStorage. */
export interface AsyncLocalStorageLike<T> {
  getStore(): T | undefined;
  run<R>(store: T, work: () => R): R;
}

/** The class itself, handed in: `src/` imports no runtime's module, and unused it costs no bytes. */
export type AsyncLocalStorageClass = new () => AsyncLocalStorageLike<unknown>;

/**
 * Keeps the current session in an AsyncLocalStorage: Node, Deno, Bun, and Workers with `nodejs_als` or `nodejs_compat`.
 *
 * @param AsyncLocalStorage - the class, as imported from `node:async_hooks`.
 */
export function asyncLocal(AsyncLocalStorage: AsyncLocalStorageClass): ContextProvider {
  const storage = new AsyncLocalStorage() as AsyncLocalStorageLike<Frame | undefined>;
  return {
    name: "asyncLocal",
    absenceProves: true,
    current: () => storage.getStore(),
    run: (frame, work) => storage.run(frame, work),
  };
}
