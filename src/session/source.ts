import type { Adapter, MaybePromise } from "../contract/adapter.ts";
import type { AdapterEvent, PoolEvent } from "../contract/events.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { CheckedPoolOptions } from "../pool/options.ts";
import { ConnectionPool } from "../pool/pool.ts";
import { share, unshare } from "../pool/registry.ts";
import type { Pool, PoolRuntime } from "../pool/runtime.ts";
import type { PoolSource } from "../pool/source.ts";
import { IterableWeakSet, onCollected } from "../pool/weak.ts";
import { FirstHook } from "./first-hook.ts";
import type { Link, Origin } from "./link.ts";

/** A database, as the source that it shares knows it. */
export interface SourceUser {
  readonly emit: ((event: PoolEvent | AdapterEvent) => void) | undefined;
  /** The URL as of now. */
  url(): MaybePromise<string>;
}

/** What shapes the connections of a source, besides its URL and its adapter. */
export interface SourceOptions<Hook = unknown> {
  readonly limits: CheckedPoolOptions;
  readonly runtime: PoolRuntime;
  readonly setup: readonly Statement[];
  readonly afterFirstConnection: Hook | undefined;
  readonly afterConnection: Hook | undefined;
  readonly checksConnections: boolean;
}

let privates = 0;

/** One configured source: its adapter, its pool, and the databases that share them. */
export class Source<Hook = unknown> implements Origin, PoolSource<Link> {
  readonly adapter: Adapter;
  readonly pool: Pool<Link>;
  /** Kept by those who use them: one that was dropped without dispose() is collected. */
  readonly users: IterableWeakSet<SourceUser> = new IterableWeakSet();
  readonly options: SourceOptions<Hook>;
  readonly firstHook: FirstHook;
  readonly validate?: NonNullable<PoolSource<Link>["validate"]>;
  /** Flights sent so far. */
  flights = 0;
  redirect: Origin["redirect"];
  // Private, so that printing the registry does not show the URL's password.
  readonly #identity: readonly unknown[];
  /** Those of the users that listen: an event costs the others nothing. */
  readonly #listeners: IterableWeakSet<SourceUser> = new IterableWeakSet();

  constructor(name: string, adapter: Adapter, identity: readonly unknown[], options: SourceOptions<Hook>) {
    this.adapter = adapter;
    this.#identity = identity;
    this.options = options;
    this.firstHook = new FirstHook(options.runtime.clock);
    const { affinity, maxConnections, tellsDeath } = adapter.capabilities;
    const { runtime, limits, checksConnections } = options;
    if (checksConnections && !tellsDeath) this.validate = ping;
    const poolOptions = {
      ...limits,
      max: Math.min(limits.max, maxConnections),
      runtime,
      name,
      onEvent: teller(this.#listeners),
    };
    adapter.listen?.(poolOptions.onEvent);
    this.pool =
      runtime.createPool?.<Link>(this, poolOptions, affinity, ConnectionPool) ??
      new ConnectionPool<Link>(this, poolOptions);
    onCollected(this, disposer(adapter));
  }

  /**
   * Finds the source that was configured alike, or makes it: two databases share a pool only when all that shapes a session
   * is the same. The second configuration of one URL is distinguished by its number: `libsql://shop.example#2`.
   */
  static share<Hook>(
    adapter: Adapter,
    identity: readonly unknown[],
    options: SourceOptions<Hook>,
    user: SourceUser,
  ): Source<Hook> {
    const key = adapter.key ?? `${adapter.name}:private#${++privates}`;
    const source = share(key, identity, (name) => new Source(name, adapter, identity, options));
    source.users.add(user);
    source.listen(user);
    return source;
  }

  /** Takes note of whether a user listens to events now. */
  listen(user: SourceUser): void {
    if (user.emit) this.#listeners.add(user);
    else this.#listeners.delete(user);
  }

  matches(identity: readonly unknown[]): boolean {
    return (
      identity.length === this.#identity.length &&
      identity.every((part, index) => Object.is(part, this.#identity[index]))
    );
  }

  /** Takes a database off; the last one to leave ends the pool, and lets the adapter go of what outlives connections. */
  async leave(user: SourceUser, options?: { readonly timeoutMs?: number }): Promise<void> {
    const [one, other] = this.users;
    if (one === user && !other) {
      unshare(this);
      await this.pool.dispose(options);
      await this.adapter.dispose?.();
    }
    this.users.delete(user);
    this.#listeners.delete(user);
  }

  async open({ signal }: { readonly signal: AbortSignal }): Promise<Link> {
    const [user] = this.users;
    if (!user) throw new DbError("POOL_CLOSED", "the database was disposed", { pool: this.pool.name });
    const driver = await this.adapter.open({ url: await user.url(), signal });
    const { createPool, clock } = this.options.runtime;
    const usedAt = createPool ? clock.now() : 0;
    // Who waited for it may have left.
    driver.hold?.(false);
    return { origin: this, driver, setup: [], isPrepared: false, isBound: false, onSetUp: undefined, usedAt };
  }

  close({ driver }: Link): MaybePromise<void> {
    return driver.close();
  }

  isClosed({ driver }: Link): boolean {
    return driver.state === "closed";
  }

  silentMs({ usedAt }: Link): number {
    return this.options.runtime.clock.now() - usedAt;
  }
}

function ping({ driver }: Link, { signal }: { readonly signal: AbortSignal }): ReturnType<typeof driver.ping & object> {
  return driver.ping?.(signal);
}

/** Of its own, as is `disposer()`: the adapter has it, and must not hold the source. */
function teller(users: IterableWeakSet<SourceUser>): (event: PoolEvent | AdapterEvent) => void {
  return (event) => {
    // Each has a copy: it is handed on, and the pool or the adapter may keep this one.
    if (users.isEmpty) return;
    for (const user of users) user.emit?.(Object.assign({}, event));
  };
}

/**
 * Lets an adapter go whose source was collected: nothing is lent then, and the pool's timer has closed what was idle. A
 * function of its own, as closures hold all that is around them, and hooks often hold their database.
 */
function disposer(adapter: Adapter): () => void {
  return () => void (async () => adapter.dispose?.())().catch(() => undefined);
}
