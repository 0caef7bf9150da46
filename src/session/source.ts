import type { Adapter } from "../contract/adapter.ts";
import type { Owner, PoolEvent } from "../contract/events.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { CheckedPoolOptions } from "../pool/options.ts";
import { ConnectionPool } from "../pool/pool.ts";
import { registry } from "../pool/registry.ts";
import type { Pool, PoolRuntime } from "../pool/runtime.ts";
import type { PoolSource } from "../pool/source.ts";
import { Connection } from "./connection.ts";
import { type Link, toSetup } from "./link.ts";
import { Session } from "./session.ts";
import type { Host } from "./host.ts";
import { Unit } from "./unit.ts";

/** Called with each fresh connection, before its first statement. */
export type Hook = (connection: Connection) => void | Promise<void>;

/** What shapes the connections of a source, besides its URL and its adapter. */
export interface SourceOptions {
  readonly limits: CheckedPoolOptions;
  readonly runtime: PoolRuntime;
  readonly setup: readonly Statement[];
  readonly afterFirstConnection: Hook | undefined;
  readonly afterConnection: Hook | undefined;
  readonly checksConnections: boolean;
}

let privates = 0;

/** One configured source: its adapter, its pool, and the databases that share them. */
export class Source {
  readonly adapter: Adapter;
  readonly pool: Pool<Link>;
  readonly users: Set<Host> = new Set();
  /** Flights sent so far. */
  flights = 0;
  readonly #options: SourceOptions;
  // Private, so that whoever prints the registry does not see the URL's password.
  readonly #identity: readonly unknown[];
  #isFirstDue = true;
  /** Until when others wait for the first connection's hook, while it runs. */
  #turnEndsAt = 0;

  constructor(name: string, adapter: Adapter, identity: readonly unknown[], options: SourceOptions) {
    this.adapter = adapter;
    this.#identity = identity;
    this.#options = options;
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
  static share(adapter: Adapter, identity: readonly unknown[], options: SourceOptions, user: Host): Source {
    const sources = registry<Source>();
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
  async leave(user: Host, options?: { readonly timeoutMs?: number }): Promise<void> {
    if (this.users.size === 1) {
      registry().delete(this.pool.name);
      await this.pool.dispose(options);
      await this.adapter.dispose?.();
    }
    this.users.delete(user);
  }

  /** Runs the hooks in the order of PyDAL, then puts the adapter's and the user's setup ahead of the first statement. */
  async prepare(link: Link, owner: Owner): Promise<void> {
    const { afterFirstConnection, afterConnection, setup, runtime, limits } = this.#options;
    const { clock } = runtime;
    // The first connection's hook runs once, and nobody uses a connection before it is done. Each looks for itself, as no
    // request may wait for another; and one that hangs, or whose request was cut off, holds nobody up for ever.
    while (clock.now() < this.#turnEndsAt) await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
    if (afterFirstConnection && this.#isFirstDue) {
      const endsAt = (this.#turnEndsAt = clock.now() + limits.openTimeoutMs);
      try {
        await this.#runHook(afterFirstConnection, link, owner);
        this.#isFirstDue = false;
      } finally {
        if (this.#turnEndsAt === endsAt) this.#turnEndsAt = 0;
      }
    }
    if (afterConnection) await this.#runHook(afterConnection, link, owner);
    link.setup.push(...toSetup([...link.driver.setup, ...setup]));
    link.isPrepared = true;
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const [user] = this.users;
    if (!user) throw new DbError("POOL_CLOSED", "the database was disposed", { pool: this.pool.name });
    const driver = await this.adapter.open({ url: await user.url(), signal });
    return { source: this, driver, setup: [], isPrepared: false, isBound: false };
  }

  // The hook's own statements, also those it makes through its database, run on this very connection.
  async #runHook(hook: Hook, link: Link, owner: Owner): Promise<void> {
    const sessions = [...this.users].map((host) => new Session(new Unit(host, owner, undefined, link)));
    const [session] = sessions as [Session];
    const run = sessions.reduce<() => unknown>(
      (work, each) => () => each.enter(work),
      () => hook(new Connection(session, link)),
    );
    try {
      await session.unit.host.context.run(undefined, run);
    } finally {
      for (const { unit } of sessions) await unit.end("done");
    }
  }
}
