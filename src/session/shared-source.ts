import type { Adapter } from "../contract/adapter.ts";
import { registry } from "../pool/registry.ts";
import { ConfiguredSource, type SourceOptions, type SourceUser } from "./configured-source.ts";

/** A source in the registry, under a key that bears no secret. */
interface Shared {
  readonly pool: ConfiguredSource["pool"];
  readonly source: ConfiguredSource;
  /** Whether it was configured with these very things. */
  matches(identity: readonly unknown[]): boolean;
}

let privates = 0;

/**
 * Finds the source that was configured alike, or makes it: two databases share a pool only when all that shapes a session
 * is the same. The second configuration of one URL is told apart by its number: `libsql://shop.example#2`.
 */
export function shareSource(adapter: Adapter, identity: readonly unknown[], options: SourceOptions, user: SourceUser): ConfiguredSource {
  const shared = registry<Shared>();
  const base = adapter.key ?? `${adapter.name}:private#${++privates}`;
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}#${count}`;
    const known = shared.get(name);
    if (known !== undefined && !known.matches(identity)) continue;
    const source = known?.source ?? new ConfiguredSource(name, adapter, options);
    if (known === undefined) shared.set(name, { pool: source.pool, source, matches: matching(identity) });
    source.users.add(user);
    return source;
  }
}

/** Leaves a source; the last one to leave ends it. */
export async function leaveSource(source: ConfiguredSource, user: SourceUser, options?: { readonly timeoutMs?: number }): Promise<void> {
  source.users.delete(user);
  if (source.users.size > 0) return;
  registry<Shared>().delete(source.pool.name);
  await source.dispose(options);
}

// A closure, so that whoever prints the registry does not see the URL's password.
function matching(identity: readonly unknown[]): (other: readonly unknown[]) => boolean {
  return (other) => other.length === identity.length && other.every((part, index) => Object.is(part, identity[index]));
}
