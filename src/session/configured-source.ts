import type { Adapter, MaybePromise } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { ConnectionPool, type PoolOptions } from "../pool/pool.ts";
import { Connection } from "./connection.ts";
import { Link } from "./link.ts";
import { Session } from "./session.ts";
import { type StatementInput, toStatement } from "./statement.ts";
import type { Host, Source } from "./unit.ts";
import type { PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";

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

/** A database that draws on the source. */
export interface SourceUser {
  readonly host: Host;
  /** The URL as of now. */
  url(): MaybePromise<string>;
  onPoolEvent(event: PoolEvent): void;
}

/** One configured source: its adapter, its pool, and the databases that share them. */
export class ConfiguredSource implements Source {
  readonly adapter: Adapter;
  readonly pool: ConnectionPool<Link>;
  readonly users: Set<SourceUser> = new Set();
  flights = 0;
  readonly #options: SourceOptions;
  readonly #setup: readonly Statement[];
  #first: "due" | "running" | "done" = "due";
  #turns: (() => void)[] = [];

  constructor(name: string, adapter: Adapter, options: SourceOptions) {
    this.adapter = adapter;
    this.#options = options;
    this.#setup = options.setup.map((input) => toStatement(input, adapter));
    const { maxConnections, tellsDeath } = adapter.capabilities;
    const { runtime, stacks, pool } = options;
    const max = Math.min(pool.max ?? runtime.maxConnections, maxConnections);
    this.pool = new ConnectionPool<Link>(
      {
        open: ({ signal }) => this.#open(signal),
        close: ({ driver }) => driver.close(),
        ...(options.checkActiveConnection && !tellsDeath && { validate: ({ driver }, { signal }) => driver.ping?.(signal) }),
      },
      { ...pool, max, runtime, stacks, name, onEvent: (event) => this.#tell(event) },
    );
  }

  /** Ends the source: no connection is lent any more, and the adapter lets go of what outlives connections. */
  async dispose(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.pool.dispose(options);
    await this.adapter.dispose?.();
  }

  /** Runs the hooks in the order of PyDAL, then puts the adapter's and the user's setup ahead of the first statement. */
  async prepare(link: Link): Promise<void> {
    const { afterFirstConnection, afterConnection } = this.#options;
    if (afterFirstConnection !== undefined) await this.#once(() => this.#runHook(afterFirstConnection, link));
    if (afterConnection !== undefined) await this.#runHook(afterConnection, link);
    link.queue([...link.driver.setup, ...this.#setup]);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const [user] = this.users;
    if (user === undefined) throw new DbError("POOL_CLOSED", "the database was disposed", { pool: this.pool.name });
    const driver = await this.adapter.open({ url: await user.url(), signal });
    try {
      const link = new Link(this, driver);
      await this.prepare(link);
      return link;
    } catch (error) {
      // Half made, it must not be seen by anybody.
      await driver.close();
      throw error;
    }
  }

  // The first connection's hook runs once, and nobody gets a connection before it is done. A turn, not a promise that all
  // await: in a Worker such a promise would hang for ever when the request that made it is cut off.
  async #once(hook: () => Promise<void>): Promise<void> {
    while (this.#first === "running") await new Promise<void>((resolve) => this.#turns.push(resolve));
    if (this.#first === "done") return;
    this.#first = "running";
    try {
      await hook();
      this.#first = "done";
    } catch (error) {
      this.#first = "due";
      throw error;
    } finally {
      for (const turn of this.#turns.splice(0)) turn();
    }
  }

  // The hook's own statements, also those it makes through its database, run on this very connection.
  async #runHook(hook: Hook, link: Link): Promise<void> {
    const sessions = [...this.users].map(({ host }) => Session.on(host, link));
    const [own] = sessions as [Session];
    const connection = new Connection(own, link);
    const run = sessions.reduce<() => unknown>(
      (work, session) => () => session.enter(work),
      () => hook(connection),
    );
    try {
      await own.unit.host.context.run(undefined, run);
    } finally {
      for (const session of sessions) await session.close(null);
    }
  }

  #tell(event: PoolEvent): void {
    for (const user of this.users) user.onPoolEvent(event);
  }
}
