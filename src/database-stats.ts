import type { AdapterStatus } from "./contract/events.ts";
import { noneClosed, type PoolStats } from "./pool/stats.ts";
import type { Source } from "./session/source.ts";

/** The result of `db.stats()`: the pool's counts, the flights sent over its connections, and where the database is kept. */
export interface DatabaseStats extends PoolStats, AdapterStatus {
  readonly flights: number;
}

/** All zero before the first statement, when there is no source yet. */
export function statsOf(source: Source | undefined): DatabaseStats {
  const none = { max: 0, open: 0, busy: 0, idle: 0, opening: 0, waiting: 0, opened: 0, waits: 0, waitedMs: 0 };
  const stats = source?.pool.stats() ?? { ...none, closed: noneClosed() };
  return { ...stats, flights: source?.flights ?? 0, ...source?.adapter.status };
}

/** The two members that `attachDatabasePool()` of `@vercel/functions` looks at. */
export interface AttachablePool {
  readonly options: { readonly idleTimeoutMillis: number };
  /** Calls a listener whenever a session gives its connection back. */
  on(event: "release", listener: () => void): void;
}

interface Pooled {
  readonly limits: { readonly idleMs: number };
  subscribe(listener: (event: { readonly type: string }) => void): unknown;
}

/** What the pool of a database shows, as of now. A class: written as an object, its getter takes half a kilobyte of each database. */
export class PoolToAttach implements AttachablePool {
  readonly #database: Pooled;

  constructor(database: Pooled) {
    this.#database = database;
  }

  get options(): { readonly idleTimeoutMillis: number } {
    return { idleTimeoutMillis: this.#database.limits.idleMs };
  }

  on(event: "release", listener: () => void): void {
    this.#database.subscribe(({ type }) => type === event && listener());
  }
}
