import type { PoolStats } from "./stats.ts";
import { offCollected, onCollected, type Ref, refTo } from "./weak.ts";

/** What the registry keeps: a pool, and whatever its keeper wants to find again with it. */
export interface Registered {
  readonly pool: { readonly name: string; stats(): PoolStats };
  /** Whether it was configured by the same values. */
  matches(identity: readonly unknown[]): boolean;
}

interface Member {
  readonly ref: Ref<Registered>;
  readonly family: Family;
  readonly hash: number;
}

/** All that are configured for one key. */
interface Family {
  readonly key: string;
  /** The number of the one that came last. */
  last: number;
  /** Their names, by a hash of what they were configured by: to find one costs the same among ten thousand. */
  readonly names: Map<number, Set<string>>;
}

interface Registry {
  readonly members: Map<string, Member>;
  readonly families: Map<string, Family>;
  readonly ids: WeakMap<object, number>;
  lastId: number;
}

// On the global object, by a name with the version of its shape: a hot reload and a second copy of the package find the
// same pools, and a copy that keeps them differently does not touch them. It keeps nothing alive.
const KEY = Symbol.for("isopool.registry.2");
const world = globalThis as { [KEY]?: Registry };

function registry(): Registry {
  return (world[KEY] ??= { members: new Map(), families: new Map(), ids: new WeakMap(), lastId: 0 });
}

/**
 * Finds what is registered for a key and was configured by the same values, or makes it. The second configuration of one key
 * is named by its number: `libsql://shop.example#2`.
 */
export function share<Entry extends Registered>(
  key: string,
  identity: readonly unknown[],
  make: (name: string) => Entry,
): Entry {
  const { members, families } = registry();
  const hash = hashOf(identity);
  for (const name of families.get(key)?.names.get(hash) ?? []) {
    const found = members.get(name)!.ref.deref();
    if (!found) forget(name);
    else if (found.matches(identity)) return found as Entry;
  }
  const family = families.get(key) ?? { key, last: 0, names: new Map() };
  const name = ++family.last === 1 ? key : `${key}#${family.last}`;
  const entry = make(name);
  const names = family.names.get(hash) ?? new Set();
  families.set(key, family);
  family.names.set(hash, names.add(name));
  members.set(name, { ref: refTo(entry), family, hash });
  // By then, another may have the name.
  onCollected(entry, () => members.get(name)?.ref.deref() ?? forget(name));
  return entry;
}

/** Takes out what was registered: its pool is disposed of. */
export function unshare(entry: Registered): void {
  offCollected(entry);
  if (registry().members.get(entry.pool.name)?.ref.deref() === entry) forget(entry.pool.name);
}

function forget(name: string): void {
  const { members, families } = registry();
  const member = members.get(name);
  if (!member) return;
  const { family, hash } = member;
  const names = family.names.get(hash)!;
  members.delete(name);
  names.delete(name);
  if (names.size === 0) family.names.delete(hash);
  if (family.names.size === 0) families.delete(family.key);
}

/**
 * The current counts of this isolate's database pools, by key: PyDAL's `POOLS`. No key contains a secret.
 *
 * @example
 * for (const [key, { open, busy }] of pools()) console.log(key, open, busy);
 */
export function pools(): ReadonlyMap<string, PoolStats> {
  const found = new Map<string, PoolStats>();
  for (const [name, { ref }] of registry().members) {
    const stats = ref.deref()?.pool.stats();
    if (stats) found.set(name, stats);
  }
  return found;
}

// A number, because the values hold secrets, which printing the registry must not show.
function hashOf(identity: readonly unknown[]): number {
  let hash = 0;
  for (const part of identity) {
    const text = `${typeof part}${Object(part) === part ? idOf(part as object) : String(part)}`;
    for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  }
  return hash;
}

function idOf(value: object): number {
  const all = registry();
  const id = all.ids.get(value) ?? ++all.lastId;
  all.ids.set(value, id);
  return id;
}
