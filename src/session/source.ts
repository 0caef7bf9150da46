import type { Adapter } from "../contract/adapter.ts";
import type { Runtime } from "../contract/runtime.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { ConnectionPool, type PoolOptions } from "../pool/pool.ts";
import { registry } from "../pool/registry.ts";
import { Connection } from "./connection.ts";
import type { Host } from "./host.ts";
import { Link } from "./link.ts";
import { Session } from "./session.ts";
import { type StatementInput, toStatement } from "./statement.ts";

/** Called with each fresh connection, before its first statement. */
export type Hook = (connection: Connection) => void | Promise<void>;

/** What shapes the connections of a source, besides its URL and its adapter. */
export interface SourceOptions {
  readonly pool: PoolOptions;
  readonly runtime: Runtime;
  readonly setup: readonly StatementInput[];
  readonly afterFirstConnection: Hook | undefined;
  readonly afterConnection: Hook | undefined;
  readonly checkActiveConnection: boolean;
  readonly stacks: boolean;
}

let privates = 0;

/** One configured source: its adapter, its pool, and the databases that share them. */
export class Source {
  readonly adapter: Adapter;
  readonly pool: ConnectionPool<Link>;
  readonly users: Set<Host> = new Set();
  /** Flights sent so far. */
  flights = 0;
  readonly #options: SourceOptions;
  readonly #setup: readonly Statement[];
  // Private, so that whoever prints the registry does not see the URL's password.
  readonly #identity: readonly unknown[];
  #first: "due" | "running" | "done" = "due";
  #turns: (() => void)[] = [];

  constructor(name: string, adapter: Adapter, identity: readonly unknown[], options: SourceOptions) {
    this.adapter = adapter;
    this.#identity = identity;
    this.#options = options;
    this.#setup = options.setup.map((input) => toStatement(input, adapter));
    const { maxConnections, tellsDeath } = adapter.capabilities;
    const { runtime, pool, stacks, checkActiveConnection } = options;
    this.pool = new ConnectionPool<Link>(
      {
        open: ({ signal }) => this.#open(signal),
        close: ({ driver }) => driver.close(),
        ...(checkActiveConnection && !tellsDeath && { validate: ({ driver }, { signal }) => driver.ping?.(signal) }),
      },
      {
        ...{ ...pool, runtime, stacks, name, max: Math.min(pool.max ?? runtime.maxConnections, maxConnections) },
        onEvent: (event) => this.users.forEach((user) => user.emit?.(event)),
      },
    );
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
    return identity.length === this.#identity.length && identity.every((part, index) => Object.is(part, this.#identity[index]));
  }

  /** Takes a database off; the last one to leave ends the pool, and lets the adapter go of what outlives connections. */
  async leave(user: Host, options?: { readonly timeoutMs?: number }): Promise<void> {
    this.users.delete(user);
    if (this.users.size > 0) return;
    registry().delete(this.pool.name);
    await this.pool.dispose(options);
    await this.adapter.dispose?.();
  }

  /** Runs the hooks in the order of PyDAL, then puts the adapter's and the user's setup ahead of the first statement. */
  async prepare(link: Link): Promise<void> {
    const { afterFirstConnection, afterConnection } = this.#options;
    // The first connection's hook runs once, and nobody gets a connection before it is done. A turn, not a promise that all
    // await: in a Worker such a promise would hang for ever when the request that made it is cut off.
    while (this.#first === "running") await new Promise<void>((resolve) => this.#turns.push(resolve));
    if (afterFirstConnection !== undefined && this.#first === "due") {
      this.#first = "running";
      try {
        await this.#runHook(afterFirstConnection, link);
        this.#first = "done";
      } finally {
        if (this.#first === "running") this.#first = "due";
        for (const turn of this.#turns.splice(0)) turn();
      }
    }
    if (afterConnection !== undefined) await this.#runHook(afterConnection, link);
    link.queue([...link.driver.setup, ...this.#setup]);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const [user] = this.users;
    if (user === undefined) throw new DbError("POOL_CLOSED", "the database was disposed", { pool: this.pool.name });
    const driver = await this.adapter.open({ url: await user.url(), signal });
    const link = new Link(this, driver);
    try {
      await this.prepare(link);
    } catch (error) {
      // Half made, it must not be seen by anybody.
      await driver.close();
      throw error;
    }
    return link;
  }

  // The hook's own statements, also those it makes through its database, run on this very connection.
  async #runHook(hook: Hook, link: Link): Promise<void> {
    const sessions = [...this.users].map((host) => Session.on(host, link));
    const [{ unit }] = sessions as [Session];
    const connection = new Connection(sessions[0]!, link);
    const run = sessions.reduce<() => unknown>((work, session) => () => session.enter(work), () => hook(connection));
    try {
      await unit.host.context.run(undefined, run);
    } finally {
      for (const session of sessions) await session.close(null);
    }
  }
}
