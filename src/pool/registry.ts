import type { PoolStats } from "./stats.ts";

/** What the registry keeps: a pool, and whatever its keeper wants to find again with it. */
export interface Registered {
  readonly pool: { stats(): PoolStats };
}

// On the global object, by a name with the version of its shape: a hot reload and a second copy of the package find
// the same pools, and a copy that keeps them differently does not touch them.
const KEY = Symbol.for("isopool.registry.1");

/** The pools of all databases of this isolate by key; keys bear no secret. The database layer puts them in and takes them out. */
export function registry<Entry extends Registered>(): Map<string, Entry> {
  return ((globalThis as { [KEY]?: unknown })[KEY] ??= new Map()) as Map<string, Entry>;
}

/** The pools of all databases by key, in numbers, as they are whenever it is looked at: PyDAL's `POOLS`. Keys bear no secret. */
export function pools(): ReadonlyMap<string, PoolStats> {
  return new PoolsView();
}

class PoolsView implements ReadonlyMap<string, PoolStats> {
  get size(): number {
    return registry().size;
  }

  get(key: string): PoolStats | undefined {
    return registry().get(key)?.pool.stats();
  }

  has(key: string): boolean {
    return registry().has(key);
  }

  keys(): MapIterator<string> {
    return registry().keys();
  }

  *values(): MapIterator<PoolStats> {
    for (const { pool } of registry().values()) yield pool.stats();
  }

  *entries(): MapIterator<[string, PoolStats]> {
    for (const [key, { pool }] of registry()) yield [key, pool.stats()];
  }

  forEach(visit: (stats: PoolStats, key: string, map: ReadonlyMap<string, PoolStats>) => void, thisArg?: unknown): void {
    for (const [key, stats] of this) visit.call(thisArg, stats, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, PoolStats]> {
    return this.entries();
  }
}
