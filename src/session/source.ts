import type { Adapter, MaybePromise } from "../contract/adapter.ts";
import type { PoolEvent } from "../contract/events.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { CheckedPoolOptions } from "../pool/options.ts";
import { ConnectionPool } from "../pool/pool.ts";
import { registry } from "../pool/registry.ts";
import type { Pool, PoolRuntime } from "../pool/runtime.ts";
import type { PoolSource } from "../pool/source.ts";
import { FirstHook } from "./first-hook.ts";
import type { Link, Origin } from "./link.ts";

/** A database, as the source that it shares knows it. */
export interface SourceUser {
  readonly emit: ((event: PoolEvent) => void) | undefined;
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
export class Source<Hook = unknown> implements Origin {
  readonly adapter: Adapter;
  readonly pool: Pool<Link>;
  readonly users: Set<SourceUser> = new Set();
  readonly options: SourceOptions<Hook>;
  readonly firstHook: FirstHook;
  /** Flights sent so far. */
  flights = 0;
  // Private, so that whoever prints the registry does not see the URL's password.
  readonly #identity: readonly unknown[];

  constructor(name: string, adapter: Adapter, identity: readonly unknown[], options: SourceOptions<Hook>) {
    this.adapter = adapter;
    this.#identity = identity;
    this.options = options;
    this.firstHook = new FirstHook(options.runtime.clock);
    const { affinity, maxConnections, tellsDeath } = adapter.capabilities;
    const { runtime, limits, checksConnections } = options;
    const source: PoolSource<Link> = {
      open: ({ signal }) => this.#open(signal),
      close: ({ driver }) => driver.close(),
      ...(checksConnections && !tellsDeath && { validate: ({ driver }, { signal }) => driver.ping?.(signal) }),
    };
    const poolOptions = {
      ...limits,
      max: Math.min(limits.max, maxConnections),
      runtime,
      name,
      onEvent: (event: PoolEvent): void => this.users.forEach((user) => user.emit?.(event)),
    };
    this.pool = runtime.createPool?.(source, poolOptions, affinity) ?? new ConnectionPool<Link>(source, poolOptions);
  }

  /**
   * Finds the source that was configured alike, or makes it: two databases share a pool only when all that shapes a session
   * is the same. The second configuration of one URL is told apart by its number: `libsql://shop.example#2`.
   */
  static share<Hook>(
    adapter: Adapter,
    identity: readonly unknown[],
    options: SourceOptions<Hook>,
    user: SourceUser,
  ): Source<Hook> {
    const sources = registry<Source<Hook>>();
    const base = adapter.key ?? `${adapter.name}:private#${++privates}`;
    for (let count = 1; ; count++) {
      const name = count === 1 ? base : `${base}#${count}`;
      const source = sources.get(name) ?? new Source(name, adapter, identity, options);
      if (!source.matches(identity)) continue;
      sources.set(name, source);
      source.users.add(user);
      return source;
    }
  }

  matches(identity: readonly unknown[]): boolean {
    return (
      identity.length === this.#identity.length &&
      identity.every((part, index) => Object.is(part, this.#identity[index]))
    );
  }

  /** Takes a database off; the last one to leave ends the pool, and lets the adapter go of what outlives connections. */
  async leave(user: SourceUser, options?: { readonly timeoutMs?: number }): Promise<void> {
    if (this.users.size === 1) {
      registry().delete(this.pool.name);
      await this.pool.dispose(options);
      await this.adapter.dispose?.();
    }
    this.users.delete(user);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const [user] = this.users;
    if (!user) throw new DbError("POOL_CLOSED", "the database was disposed", { pool: this.pool.name });
    const driver = await this.adapter.open({ url: await user.url(), signal });
    return { origin: this, driver, setup: [], isPrepared: false, isBound: false, onSetUp: undefined };
  }
}
