import type { Owner } from "../contract/events.ts";

/** A pool, as the search for deadlocks sees it. */
export interface Holding {
  readonly options: { readonly max: number };
  /** The open connections. One without owner is idle, or held by somebody who is not followed. */
  readonly stock: { readonly entries: ReadonlySet<{ readonly owner: Owner | undefined }> };
  readonly line: Iterable<{ readonly options: { readonly owner?: Owner | undefined } | undefined }>;
}

/** The pools, of any kind, in which somebody with an owner waits. */
export const waited: Set<Holding> = new Set<Holding>();

/**
 * Tells whether `owner` would wait for ever in `pool`: each of its connections is held by somebody who waits, or for
 * whom somebody waits, in a pool of which the same is true. All that wait are taken to be stuck; pools in which somebody
 * can go on are struck out, until none can be.
 */
export function isDeadlock(pool: Holding, owner: Owner): boolean {
  const stuck = new Set(waited).add(pool);
  const holders = new Set([...stuck].flatMap(({ stock }) => [...stock.entries].map((entry) => entry.owner)));
  // A wait can only close a circle when somebody in it holds something: most do not, and the line need not be searched.
  if (!lineage(owner).some((each) => holders.has(each))) return false;
  for (let size = 0; size !== stuck.size;) {
    size = stuck.size;
    const waiting = [...stuck].flatMap(({ line }) => [...line].map((waiter) => waiter.options?.owner));
    const blocked = new Set([owner, ...waiting].flatMap(lineage));
    for (const each of stuck) {
      const { entries } = each.stock;
      const canGoOn = entries.size < each.options.max || [...entries].some((entry) => !blocked.has(entry.owner!));
      if (canGoOn) stuck.delete(each);
    }
  }
  return stuck.has(pool);
}

/** An owner, and all who wait for it. */
function lineage(owner: Owner | undefined): Owner[] {
  return owner ? [owner, ...lineage(owner.parent)] : [];
}
