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
  const remedy = "find the request's with db.of(request) or db.of(ctx)";
  if (!AsyncLocalStorage)
    return { name, remedy, absenceProves: false, current: () => undefined, run: (_frame, work) => work() };
  const storage = new AsyncLocalStorage() as AsyncLocalStorageLike<Frame | undefined>;
  return {
    name,
    absenceProves: true,
    current: () => storage.getStore(),
    run: (frame, work) => storage.run(frame, work),
  };
}
