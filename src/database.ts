import type { RawResult, Result, Row } from "./contract/statement.ts";
import { checkDatabaseOptions, type DatabaseOptions, type DatabaseSettings, type UrlSource } from "./database-options.ts";
import { DatabaseSource } from "./database-source.ts";
import { DbError } from "./errors.ts";
import { checkPoolOptions } from "./pool/options.ts";
import { noneClosed, type PoolStats } from "./pool/stats.ts";
import type { Connection } from "./session/connection.ts";
import type { Cursor } from "./session/cursor.ts";
import type { DeadlineOptions } from "./session/deadline.ts";
import type { TransactionOptions } from "./session/nesting.ts";
import { planTransaction } from "./session/propagation.ts";
import { Queryable, type StreamRowsOptions } from "./session/queryable.ts";
import { runSession, type SessionOptions } from "./session/run-session.ts";
import type { SettleCallback } from "./session/scope.ts";
import { type CloseAction, Session } from "./session/session.ts";
import type { StatementInput } from "./session/statement.ts";

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

/** A configured data source. Made by `createDatabase()`. */
export class Database extends Queryable implements AsyncDisposable {
  /** Each statement a session of its own, outside of any session that is current: on purpose. */
  readonly autocommit: Queryable;
  readonly #settings: DatabaseSettings;
  readonly #source: DatabaseSource;
  readonly #bound: WeakMap<object, Session> = new WeakMap();

  /** @internal */
  constructor(url: UrlSource, options: DatabaseOptions) {
    super();
    this.#settings = checkDatabaseOptions(options);
    const { acquireTimeoutMs } = checkPoolOptions(options.pool);
    this.#source = new DatabaseSource(this, url, this.#settings, acquireTimeoutMs);
    this.autocommit = new Autocommit(this);
  }

  /** Working folder of adapters that store files; `""` when none was set. */
  get folder(): string {
    return this.#source.folder;
  }

  /**
   * Runs `work` in a session of its own: commits when it returns, rolls back when it throws or is given up.
   *
   * @returns what `work` returned, once it is committed.
   * @throws what `work` throws, unchanged; the signal's own reason; DbError `QUERY_TIMEOUT` | `COMMIT_UNKNOWN` | `ROLLBACK_ONLY` | ….
   */
  session<T>(work: Work<T>, options: SessionOptions = {}): Promise<T> {
    return runSession(this.#source.host, this.current()?.unit, work, options);
  }

  /** Begins a session by hand: `await using session = db.open()`. What is not committed when it ends is rolled back. */
  open(options: SessionOptions = {}): Session {
    return Session.open(this.#source.host, this.current()?.unit, options);
  }

  /** Runs `work` in a transaction: in the current session by `options.propagation`, outside of any in a session of its own. */
  async transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    const current = this.current();
    if (current !== undefined) return current.transaction(work, options);
    const plan = planTransaction(options.propagation ?? "required", false);
    return runSession(this.#source.host, undefined, work, { ...options, transaction: plan === "begin" });
  }

  /** The session that is current here, if one is. */
  current(): Session | undefined {
    for (let frame = this.#settings.context.current(); frame !== undefined; frame = frame.parent) {
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
    const source = this.#source.current;
    return { ...(source?.pool.stats() ?? noStats()), flights: source?.flights ?? 0 };
  }

  /**
   * Ends the database: nobody gets a connection any more, those who hold one finish. The pool ends with its last database.
   *
   * @param options.timeoutMs - longest wait for those who hold one, in milliseconds. Default: as long as it takes.
   */
  dispose(options?: { readonly timeoutMs?: number }): Promise<void> {
    return this.#source.dispose(options);
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
    if (!this.#settings.context.absenceProves) return Promise.reject(this.#required());
    return this.alone((session) => session.submit(kind, inputs, shape, options));
  }

  override stream<R = Row>(statement: StatementInput, options?: StreamRowsOptions): AsyncIterable<R> {
    const current = this.current();
    if (current !== undefined) return current.stream<R>(statement, options);
    if (!this.#settings.context.absenceProves) throw this.#required();
    return this.autocommit.stream<R>(statement, options);
  }

  /** @internal A session of one statement: atomic by itself, so without a transaction around it. */
  alone<T>(work: Work<T>): Promise<T> {
    return runSession(this.#source.host, this.current()?.unit, work, { transaction: false });
  }

  #required(): DbError {
    const { name } = this.#settings.context;
    const message =
      `no session is current here, as far as ${name}() can tell: call it on the session that db.session() hands to its work, ` +
      "give createDatabase() a context that follows await, or use db.autocommit on purpose";
    return new DbError("SESSION_REQUIRED", message, { context: name });
  }

  #require(): Session {
    const session = this.current();
    if (session === undefined) throw this.#required();
    return session;
  }

  // The current session's own members; without a session they throw SESSION_REQUIRED.

  /** `commit()` of the current session. */
  async commit(...last: readonly StatementInput[]): Promise<Result[]> {
    return this.#require().commit(...last);
  }

  /** `rollback()` of the current session. */
  async rollback(): Promise<void> {
    return this.#require().rollback();
  }

  /** `close()` of the current session. */
  async close(action?: CloseAction, options?: { readonly really?: boolean }): Promise<void> {
    return this.#require().close(action, options);
  }

  /** `reconnect()` of the current session. */
  async reconnect(): Promise<Connection> {
    return this.#require().reconnect();
  }

  /** `getConnection()` of the current session. */
  async getConnection(options?: { readonly usePool?: boolean }): Promise<Connection> {
    return this.#require().getConnection(options);
  }

  /** `setConnection()` of the current session. */
  async setConnection(connection: Connection | null, options?: { readonly runHooks?: boolean }): Promise<void> {
    return this.#require().setConnection(connection, options);
  }

  /** `cursor` of the current session. */
  get cursor(): Cursor {
    return this.#require().cursor;
  }

  /** `resetCursor()` of the current session. */
  resetCursor(): Cursor {
    return this.#require().resetCursor();
  }

  /** `onCommit()` of the current session. */
  onCommit(callback: SettleCallback): void {
    this.#require().onCommit(callback);
  }

  /** `onRollback()` of the current session. */
  onRollback(callback: SettleCallback): void {
    this.#require().onRollback(callback);
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
