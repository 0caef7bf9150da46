import type { AsyncLocalStorageClass, AsyncLocalStorageLike, ContextProvider, Frame } from "../../index.ts";

/**
 * Takes the request for the context. `withSession()` binds its session to the Request and to its ExecutionContext, and
 * `db.of(request)` finds it wherever one of the two is at hand: no compatibility flag is needed.
 *
 * @param AsyncLocalStorage - the class of `node:async_hooks` (`nodejs_als`, `nodejs_compat`): makes the session ambient as
 *   well, so that `db.sql` alone is enough.
 */
export function requestContext(AsyncLocalStorage?: AsyncLocalStorageClass): ContextProvider {
  const name = "requestContext";
  if (!AsyncLocalStorage)
    return { name, absenceProves: false, current: () => undefined, run: (_frame, work) => work() };
  const storage = new AsyncLocalStorage() as AsyncLocalStorageLike<Frame | undefined>;
  return {
    name,
    absenceProves: true,
    current: () => storage.getStore(),
    run: (frame, work) => storage.run(frame, work),
  };
}
