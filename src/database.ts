import type { Adapter, MaybePromise } from "./contract/adapter.ts";
import type { DatabaseEvent } from "./contract/events.ts";
import type { RawResult, Result, Row } from "./contract/statement.ts";
import { explicit } from "./context/explicit.ts";
import { checkDatabaseOptions, chooseAdapter, type DatabaseOptions, type UrlSource } from "./database-options.ts";
import { DbError } from "./errors.ts";
import { checkPoolOptions } from "./pool/options.ts";
import { noneClosed, type PoolStats } from "./pool/stats.ts";
import { shared } from "./runtime/shared.ts";
import type { Connection } from "./session/connection.ts";
import type { Cursor } from "./session/cursor.ts";
import type { DeadlineOptions } from "./session/deadline.ts";
import type { Host } from "./session/host.ts";
import { currentFolder, instances } from "./session/instances.ts";
import type { TransactionOptions } from "./session/nesting.ts";
import { planTransaction } from "./session/propagation.ts";
import { Queryable, type StreamRowsOptions } from "./session/queryable.ts";
import { runSession, type SessionOptions } from "./session/run-session.ts";
import type { SettleCallback } from "./session/scope.ts";
import { type CloseAction, Session } from "./session/session.ts";
import { Source, type SourceOptions } from "./session/source.ts";
import { type StatementInput, toStatement } from "./session/statement.ts";

/** What `db.stats()` tells: the pool's counts, and the flights sent over its connections. */
export interface DatabaseStats extends PoolStats {
  readonly flights: number;
}

type Work<T> = (session: Session) => T | Promise<T>;

/**
 * Makes a database object. No I/O, no timer and no random number until its first statement: it may stand at module level.
 *
 * @param url - `sqljs:memory`, `libsql://…`, `postgres://…`; a function is asked whenever a connection is opened.
 * @throws TypeError for a wrong URL or option; it never shows a secret of the URL.
 */
export function createDatabase(url: UrlSource, options: DatabaseOptions): Database {
  return new Database(url, options);
}

let databases = 0;

/** A configured data source. Made by `createDatabase()`. */
export class Database extends Queryable implements AsyncDisposable {
  /** Each statement a session of its own, outside of any session that is current: on purpose. */
  readonly autocommit: Queryable = new Autocommit(this);
  /** Working folder of adapters that store files; `""` when none was set. */
  readonly folder: string;
  readonly #url: string | (() => MaybePromise<string>);
  readonly #options: DatabaseOptions;
  readonly #shape: SourceOptions;
  readonly #host: Host;
  readonly #bound: WeakMap<object, Session> = new WeakMap();
  #adapter: Adapter | undefined;
  #source: Source | undefined;
  #isDisposed = false;

  /** @internal */
  constructor(url: UrlSource, options: DatabaseOptions) {
    super();
    checkDatabaseOptions(options);
    const { context = explicit(), runtime = shared(), setup = [], pool = {}, checkActiveConnection = true, stacks = false } = options;
    const { afterFirstConnection, afterConnection, onEvent } = options;
    const { acquireTimeoutMs: turnTimeoutMs } = checkPoolOptions(pool);
    const { clock } = runtime;
    this.folder = options.folder ?? currentFolder(context);
    this.#url = typeof url === "function" ? url : String(url);
    this.#options = options;
    this.#shape = { pool, runtime, setup, afterFirstConnection, afterConnection, checkActiveConnection, stacks };
    this.#host = {
      ...{ database: this, number: ++databases, clock, context, turnTimeoutMs, checksConnections: checkActiveConnection },
      url: () => (typeof this.#url === "string" ? this.#url : this.#url()),
      source: () => this.#source ?? this.#open(),
      emit: onEvent && ((event) => {
        // A listener that throws must not stop what it listens to.
        try {
          onEvent({ ...event, at: clock.now(), pool: this.#source?.pool.name ?? "" } as DatabaseEvent);
        } catch {}
      }),
    };
    if (typeof this.#url === "string") this.#adapter = this.#makeAdapter(this.#url);
  }

  /**
   * Runs `work` in a session of its own: commits when it returns, rolls back when it throws or is given up.
   *
   * @returns what `work` returned, once it is committed.
   * @throws what `work` throws, unchanged; the signal's own reason; DbError `QUERY_TIMEOUT` | `COMMIT_UNKNOWN` | `ROLLBACK_ONLY` | ….
   */
  session<T>(work: Work<T>, options: SessionOptions = {}): Promise<T> {
    return runSession(this.#host, this.current()?.unit, work, options);
  }

  /** Begins a session by hand: `await using session = db.open()`. What is not committed when it ends is rolled back. */
  open(options: SessionOptions = {}): Session {
    return Session.open(this.#host, this.current()?.unit, options);
  }

  /** Runs `work` in a transaction: in the current session by `options.propagation`, outside of any in a session of its own. */
  async transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    const current = this.current();
    if (current !== undefined) return current.transaction(work, options);
    const plan = planTransaction(options.propagation ?? "required", false);
    return runSession(this.#host, undefined, work, { ...options, transaction: plan === "begin" });
  }

  /** The session that is current here, if one is. */
  current(): Session | undefined {
    for (let frame = this.#host.context.current(); frame !== undefined; frame = frame.parent) {
      if (frame.owner === this) return frame.session as Session;
    }
    return undefined;
  }

  /** The session that `withSession` bound to this Request or ExecutionContext. */
  of(owner: object): Session | undefined {
    return this.#bound.get(owner);
  }

  /** @internal */
  bind(owner: object, session: Session): void {
    this.#bound.set(owner, session);
  }

  /** Counts of the pool it shares; all zero before the first statement. */
  stats(): DatabaseStats {
    const { pool, flights = 0 } = this.#source ?? {};
    return { ...(pool?.stats() ?? noStats()), flights };
  }

  /**
   * Ends the database: nobody gets a connection any more, those who hold one finish. The pool ends with its last database.
   *
   * @param options.timeoutMs - longest wait for those who hold one, in milliseconds. Default: as long as it takes.
   */
  async dispose(options?: { readonly timeoutMs?: number }): Promise<void> {
    const source = this.#source;
    this.#isDisposed = true;
    this.#source = undefined;
    instances().databases.delete(this.#host);
    await source?.leave(this.#host, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  override target(): Queryable {
    return this.current() ?? this;
  }

  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    shape: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    const current = this.current();
    if (current !== undefined) return current.submit(kind, inputs, shape, options);
    if (!this.#host.context.absenceProves) return Promise.reject(this.#required());
    return this.alone((session) => session.submit(kind, inputs, shape, options));
  }

  override stream<R = Row>(statement: StatementInput, options?: StreamRowsOptions): AsyncIterable<R> {
    const current = this.current();
    if (current !== undefined) return current.stream<R>(statement, options);
    if (!this.#host.context.absenceProves) throw this.#required();
    return this.autocommit.stream<R>(statement, options);
  }

  /** @internal A session of one statement: atomic by itself, so without a transaction around it. */
  alone<T>(work: Work<T>): Promise<T> {
    return runSession(this.#host, this.current()?.unit, work, { transaction: false });
  }

  /** @internal */
  require(): Session {
    const session = this.current();
    if (session === undefined) throw this.#required();
    return session;
  }

  #required(): DbError {
    const { name } = this.#host.context;
    const message =
      `no session is current here, as far as ${name}() can tell: use the session that db.session() hands to its work, ` +
      "give createDatabase() a context that follows await, or use db.autocommit on purpose";
    return new DbError("SESSION_REQUIRED", message, { context: name });
  }

  #open(): MaybePromise<Source> {
    if (this.#isDisposed) throw new DbError("POOL_CLOSED", "the database was disposed: make a new one", { pool: this.#adapter?.key ?? "" });
    if (this.#adapter !== undefined) return this.#share(this.#adapter);
    // Each caller asks for itself; no promise is kept that would hang for ever if its request were cut off.
    return Promise.resolve(this.#host.url()).then((url) => this.#source ?? this.#share(this.#makeAdapter(url)));
  }

  #share(adapter: Adapter): Source {
    const { pool, runtime, setup, ...rest } = this.#shape;
    const statements = setup.map((input) => toStatement(input, adapter));
    const identity: unknown[] = [this.#url, this.folder, runtime.name, runtime.clock, ...Object.values(rest), ...Object.values(checkPoolOptions(pool))];
    for (const { text, params = [] } of statements) identity.push(text, ...Object.values(params));
    for (const factory of this.#options.adapters) identity.push(...factory.identity);
    instances().databases.add(this.#host);
    return (this.#source = Source.share(adapter, identity, this.#shape, this.#host));
  }

  #makeAdapter(url: string): Adapter {
    const adapter = chooseAdapter(url, this.#options.adapters).create({ url, folder: this.folder });
    // Checked here, where the mistake was made, and not when the first connection is opened.
    for (const input of this.#shape.setup) toStatement(input, adapter);
    return adapter;
  }

  // The current session's own members; without a session they throw SESSION_REQUIRED.

  /** `commit()` of the current session. */
  async commit(...last: readonly StatementInput[]): Promise<Result[]> {
    return this.require().commit(...last);
  }

  /** `rollback()` of the current session. */
  async rollback(): Promise<void> {
    return this.require().rollback();
  }

  /** `close()` of the current session. */
  async close(action?: CloseAction, options?: { readonly really?: boolean }): Promise<void> {
    return this.require().close(action, options);
  }

  /** `reconnect()` of the current session. */
  async reconnect(): Promise<Connection> {
    return this.require().reconnect();
  }

  /** `getConnection()` of the current session. */
  async getConnection(options?: { readonly usePool?: boolean }): Promise<Connection> {
    return this.require().getConnection(options);
  }

  /** `setConnection()` of the current session. */
  async setConnection(connection: Connection | null, options?: { readonly runHooks?: boolean }): Promise<void> {
    return this.require().setConnection(connection, options);
  }

  /** `cursor` of the current session. */
  get cursor(): Cursor {
    return this.require().cursor;
  }

  /** `resetCursor()` of the current session. */
  resetCursor(): Cursor {
    return this.require().resetCursor();
  }

  /** `onCommit()` of the current session. */
  onCommit(callback: SettleCallback): void {
    this.require().onCommit(callback);
  }

  /** `onRollback()` of the current session. */
  onRollback(callback: SettleCallback): void {
    this.require().onRollback(callback);
  }
}

function noStats(): PoolStats {
  return { max: 0, open: 0, busy: 0, idle: 0, opening: 0, waiting: 0, opened: 0, closed: noneClosed(), waits: 0, waitedMs: 0 };
}

/** Every statement a session of its own, whatever is current. */
class Autocommit extends Queryable {
  readonly #database: Database;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    shape: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    return this.#database.alone((session) => session.submit(kind, inputs, shape, options));
  }

  override async *stream<R = Row>(statement: StatementInput, options?: StreamRowsOptions): AsyncGenerator<R, void, undefined> {
    const session = this.#database.open({ transaction: false });
    try {
      yield* session.stream<R>(statement, options);
    } finally {
      await session.close();
    }
  }
}
