import type { PoolStats } from "./stats.ts";

/** What the registry keeps: a pool, and whatever its keeper wants to find again with it. */
export interface Registered {
  readonly pool: { stats(): PoolStats };
}

// On the global object, by a name with the version of its shape: a hot reload and a second copy of the package find the
// same pools, and a copy that keeps them differently does not touch them.
const KEY = Symbol.for("isopool.registry.1");

/** The pools of this isolate's databases by key. The database layer puts them in and takes them out. */
export function registry<Entry extends Registered>(): Map<string, Entry> {
  return ((globalThis as { [KEY]?: Map<string, Entry> })[KEY] ??= new Map());
}

/** The pools of this isolate's databases by key, in numbers, as of now: PyDAL's `POOLS`. No key bears a secret. */
export function pools(): ReadonlyMap<string, PoolStats> {
  return new Map([...registry()].map(([key, { pool }]) => [key, pool.stats()]));
}
