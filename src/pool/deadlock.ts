import type { Owner } from "../contract/events.ts";

/** A pool, as the search for deadlocks sees it. */
export interface Holding {
  readonly max: number;
  /** The open connections; one without owner is idle, or held by somebody who is not followed. */
  readonly entries: ReadonlySet<{ readonly owner: Owner | undefined; readonly stack: string | undefined }>;
  readonly line: Iterable<{ readonly options: { readonly owner?: Owner | undefined } | undefined }>;
}

/** The pools, of any kind, in which somebody with an owner waits. */
const waited = new Set<Holding>();

/** Notes whether anybody waits in `pool`. */
export function noteWaiting(pool: Holding, isWaiting: boolean): void {
  if (isWaiting) waited.add(pool);
  else waited.delete(pool);
}

/**
 * Tells whether `owner` would wait for ever in `pool`: each connection is held by somebody who waits for such a
 * connection himself, or for somebody who does. Found by striking out the pools in which somebody can go on, until
 * no more can be struck.
 */
export function isDeadlock(pool: Holding, owner: Owner): boolean {
  const stuck = new Set(waited).add(pool);
  // Whoever holds nothing, and has nobody wait for him who does, keeps nobody waiting.
  if (![...stuck].some(({ entries }) => [...entries].some((entry) => isIn(owner, entry.owner)))) return false;
  for (let size = 0; size !== stuck.size && stuck.has(pool); ) {
    size = stuck.size;
    const blocked = new Set<Owner>();
    const block = (waiting: Owner | undefined): void => {
      for (let each = waiting; each !== undefined; each = each.parent) blocked.add(each);
    };
    block(owner);
    for (const { line } of stuck) for (const waiter of line) block(waiter.options?.owner);
    for (const each of stuck) {
      const isFull = each.entries.size >= each.max;
      if (!isFull || [...each.entries].some((entry) => entry.owner === undefined || !blocked.has(entry.owner))) stuck.delete(each);
    }
  }
  return stuck.has(pool);
}

function isIn(descendant: Owner, owner: Owner | undefined): boolean {
  for (let each: Owner | undefined = descendant; each !== undefined; each = each.parent) if (each === owner) return true;
  return false;
}
