import { noneClosed, type PoolStats } from "./pool/stats.ts";
import type { Source } from "./session/source.ts";

/** The result of `db.stats()`: the pool's counts, and the flights sent over its connections. */
export interface DatabaseStats extends PoolStats {
  readonly flights: number;
}

/** All zero before the first statement, when there is no source yet. */
export function statsOf(source: Source | undefined): DatabaseStats {
  const none = { max: 0, open: 0, busy: 0, idle: 0, opening: 0, waiting: 0, opened: 0, waits: 0, waitedMs: 0 };
  const stats = source ? source.pool.stats() : { ...none, closed: noneClosed() };
  return { ...stats, flights: source?.flights ?? 0 };
}

/** The two members that `attachDatabasePool()` of `@vercel/functions` looks at. */
export interface AttachablePool {
  readonly options: { readonly idleTimeoutMillis: number };
  /** Calls a listener whenever a session gives its connection back. */
  on(event: "release", listener: () => void): void;
}

/** What the pool of a database shows, as of now. */
export function attachablePool(database: {
  readonly limits: { readonly idleMs: number };
  subscribe(listener: (event: { readonly type: string }) => void): unknown;
}): AttachablePool {
  return {
    get options() {
      return { idleTimeoutMillis: database.limits.idleMs };
    },
    on: (event, listener) => void database.subscribe(({ type }) => type === event && listener()),
  };
}
