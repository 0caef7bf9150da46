import type { Owner } from "../contract/events.ts";

/** A pool, as the search for deadlocks sees it. */
export interface Holding {
  readonly max: number;
  /** The open connections. One without owner is idle, or held by a caller that is not followed. */
  readonly entries: ReadonlySet<{ readonly owner: Owner | undefined }>;
}

/**
 * By owner: the waits that keep it from going on, its own and those of the callers that it waits for. Nearly always that is one,
 * and its pool is all there is to hold. Entries go with the last wait: a WeakMap would cost garbage collection more than a wait
 * costs all together.
 */
const waits: Map<Owner, Holding | Map<Holding, number>> = new Map<Owner, Holding | Map<Holding, number>>();

/** Takes note that an owner begins (1) or ends (-1) to wait in a pool. */
export function countWait(pool: Holding, owner: Owner | undefined, by: 1 | -1): void {
  for (let each = owner; each; each = each.parent) {
    const found = waits.get(each);
    if (!found) waits.set(each, pool);
    else if (found === pool && by < 0) waits.delete(each);
    else {
      const counts = found instanceof Map ? found : new Map([[found, 1]]);
      const count = (counts.get(pool) ?? 0) + by;
      if (count > 0) waits.set(each, counts.set(pool, count));
      else if (counts.delete(pool) && counts.size === 0) waits.delete(each);
    }
  }
}

/**
 * Returns whether `owner` would wait forever in `pool`: each of its connections is held by a caller that waits, or is waited
 * for, in a pool of which the same is true. Only pools that are reached from this one are looked at.
 */
export function isDeadlock(pool: Holding, owner: Owner): boolean {
  const isOwn = (holder: Owner): boolean => {
    for (let each: Owner | undefined = owner; each; each = each.parent) if (each === holder) return true;
    return false;
  };
  const poolsOf = (holder: Owner | undefined): Holding[] => {
    const found: Holding[] = [];
    if (!holder) return found;
    if (isOwn(holder)) found.push(pool);
    const waited = waits.get(holder);
    if (waited instanceof Map) found.push(...waited.keys());
    else if (waited) found.push(waited);
    return found;
  };
  const isStuck = ({ entries, max }: Holding, within?: ReadonlySet<Holding>): boolean => {
    if (entries.size < max) return false;
    for (const { owner: holder } of entries)
      if (!poolsOf(holder).some((each) => within?.has(each) ?? true)) return false;
    return true;
  };
  // Nearly always somebody in it can go on, and nothing is looked for.
  if (!isStuck(pool)) return false;
  // All that are reached are taken to be stuck; those in which somebody can go on are struck out, until none can be.
  const stuck = new Set([pool]);
  for (const each of stuck)
    if (isStuck(each)) for (const entry of each.entries) for (const next of poolsOf(entry.owner)) stuck.add(next);
  for (let size = 0; size !== stuck.size && stuck.has(pool);) {
    size = stuck.size;
    for (const each of stuck) if (!isStuck(each, stuck)) stuck.delete(each);
  }
  return stuck.has(pool);
}
