import type { Session } from "../../index.ts";
import { type Client, databaseOf } from "./place.ts";

/** What is used of Drizzle's `Cache`, of each version. */
interface CacheLike {
  strategy(): "explicit" | "all";
  get(...args: never[]): Promise<unknown[] | undefined>;
  put(...args: never[]): Promise<void>;
  onMutate(...args: never[]): Promise<void>;
}

/**
 * A cache, as the queries of a client use it: outside of sessions alone. What a session reads may never be committed, or be shown
 * by its settings to it alone: that is not for others. What it has changed is told once more behind its commit.
 */
export function cacheOf<C extends CacheLike>(client: Client, cache: C | undefined): C | undefined {
  // Asked each time: a query may be prepared long before.
  const current = (): Session | undefined => ("scope" in client ? client : databaseOf(client).current());
  const own: CacheLike | undefined = cache && {
    strategy: () => cache.strategy(),
    get: async (...args) => (current() ? undefined : cache.get(...args)),
    put: async (...args) => (current() ? undefined : cache.put(...args)),
    onMutate: async (...change) => {
      const session = current();
      if (session && !session.scope.over) session.onCommit(() => cache.onMutate(...change));
      await cache.onMutate(...change);
    },
  };
  return own as C | undefined;
}
