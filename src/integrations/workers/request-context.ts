import { type AmbientOptions, asyncLocal, type AsyncLocalStorageClass, type ContextProvider } from "../../index.ts";

/**
 * Uses the request as the context. `withSession()` binds its session to the Request and to its ExecutionContext, and
 * `db.of(request)` finds it wherever you have one of the two: no compatibility flag is needed.
 *
 * @param AsyncLocalStorage - the class of `node:async_hooks` (`nodejs_als`, `nodejs_compat`): makes the session ambient as
 *   well, so that `db.sql` alone is enough.
 * @param options - with the class only: those of `asyncLocal()`.
 * @example
 * const db = createDatabase(url, { adapters, runtime: workers(), context: requestContext(AsyncLocalStorage) });
 */
export function requestContext(AsyncLocalStorage?: AsyncLocalStorageClass, options?: AmbientOptions): ContextProvider {
  const name = "requestContext";
  if (AsyncLocalStorage) return { ...asyncLocal(AsyncLocalStorage, options), name };
  const remedy = "get the request's from db.of(request) or db.of(ctx)";
  return { name, remedy, absenceProves: false, current: () => undefined, run: (_frame, work) => work() };
}
