// For users who name no such `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { AccessMode, Adapter, Capabilities, Dialect, Flight, MaybePromise, Settings } from "./contract/adapter.ts";
import type { ContextProvider } from "./contract/context.ts";
import type { DatabaseEvent, Owner } from "./contract/events.ts";
import type { Clock, WaitUntil } from "./contract/runtime.ts";
import type { Row } from "./contract/statement.ts";
import { explicit } from "./context/explicit.ts";
import { Listeners, type Told } from "./session/listeners.ts";
import { checkDatabaseOptions, makeAdapter, type DatabaseOptions, type UrlSource } from "./database-options.ts";
import { type AttachablePool, type DatabaseStats, PoolToAttach, statsOf } from "./database-stats.ts";
import { checkNames } from "./option-names.ts";
import { type CheckedPoolOptions, checkPoolOptions, checkTimeout } from "./pool/options.ts";
import type { PoolRuntime } from "./pool/runtime.ts";
import { shared } from "./runtime/shared.ts";
import { Autocommit } from "./session/autocommit.ts";
import type { CloseOptions } from "./session/closing.ts";
import type { Finish } from "./session/finish.ts";
import { type DeadlineOptions, within } from "./session/deadline.ts";
import { Handle } from "./session/handle.ts";
import { type Hook, prepareLink } from "./session/hooks.ts";
import { addInstance, currentFolder, removeInstance } from "./session/instances.ts";
import { sourceOf } from "./session/holder.ts";
import type { Link } from "./session/link.ts";
import { resolvePropagation } from "./session/propagation.ts";
import { sharesReads, withDefaults } from "./session-defaults.ts";
import { sessionRequired } from "./session/session-required.ts";
import type { LazyList, ListRows, Queryable, StreamRowsOptions } from "./session/queryable.ts";
import { type BeginSession, type CloseAction, NO_OPTIONS, Session, type Work } from "./session/session.ts";
import { SESSION_OPTIONS, type SessionOptions, type TransactionOptions } from "./session/session-options.ts";
import { shareSource } from "./session/share-source.ts";
import type { Source } from "./session/source.ts";
import type { Carry, SqlQuery } from "./session/sql-query.ts";
import { copyInput, type StatementInput } from "./session/statement.ts";
import { asyncDisposable } from "./dispose.ts";

/**
 * Creates a database object. It does no I/O, sets no timer and draws no random number before its first statement, so it can be
 * created at module level.
 *
 * @param url - `sqljs:memory`, `libsql://…`, `postgres://…`; a function is called whenever a connection is opened.
 * @throws TypeError for an invalid URL or option; it never shows secrets of the URL.
 * @example
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs: initSqlJs })] });
 * await db.session((session) => session.sql`insert into item (name) values (${name})`);
 */
export function createDatabase(url: UrlSource, options: DatabaseOptions): Database {
  return new Database(url, options);
}

let databases = 0;

/** A configured data source, created by `createDatabase()`. */
export class Database extends Handle<Session> implements AsyncDisposable {
  /** Runs each statement in a session of its own, outside any current session. */
  readonly autocommit: Queryable = new Autocommit(this);
  /** Working folder of adapters that store files; `""` when none was set. */
  readonly folder: string;
  /** Its pool, as platforms that suspend processes see one: on Vercel, `attachDatabasePool(db.pool)`. */
  readonly pool: AttachablePool = new PoolToAttach(this);
  /** @internal */
  readonly number: number = ++databases;
  /** @internal */
  sessions = 0;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly runtime: PoolRuntime;
  /** @internal */
  readonly waitUntil: WaitUntil | undefined;
  /** @internal */
  readonly context: ContextProvider;
  /** @internal */
  readonly checksConnections: boolean;
  /** @internal */
  readonly stacks: boolean;
  /** @internal */
  readonly strict: boolean;
  /** @internal */
  readonly limits: CheckedPoolOptions;
  /** @internal As its sessions begin unless they say otherwise. */
  readonly accessMode: AccessMode | undefined;
  /** @internal Absent while nobody listens: events cost nothing then. */
  emit: ((event: Told) => void) | undefined;
  /** @internal Set by `isopool/testing`. */
  record: ((flight: Flight) => void) | undefined;
  readonly #listeners: Listeners = new Listeners();
  readonly #url: string | (() => MaybePromise<string>);
  readonly #options: DatabaseOptions;
  #bound: WeakMap<object, Session> | undefined;
  #adapter: Adapter | undefined;
  #source: Source<Hook> | undefined;
  #disposing: Promise<void> | undefined;

  /** @internal */
  constructor(url: UrlSource, options: DatabaseOptions) {
    super();
    checkDatabaseOptions(options);
    const { context = explicit(), runtime = shared(), checkActiveConnection = true, onEvent } = options;
    this.context = context;
    ({ clock: this.clock, waitUntil: this.waitUntil } = runtime);
    this.checksConnections = checkActiveConnection;
    ({ stacks: this.stacks = false, strict: this.strict = context.strict ?? false } = options);
    this.accessMode = options.defaults?.accessMode;
    this.limits = checkPoolOptions(options.pool, runtime.maxConnections, []);
    this.folder = options.folder ?? currentFolder(context);
    if (onEvent) this.subscribe(onEvent);
    this.#url = typeof url === "function" ? url : String(url);
    // A copy: what the caller changes later changes nothing here.
    this.#options = { ...options, adapters: [...options.adapters], setup: (options.setup ?? []).map(copyInput) };
    this.runtime = runtime;
    if (typeof this.#url === "string") this.#adapter = makeAdapter(this.#url, this.#options, this.folder);
  }

  /**
   * Runs `work` in a session of its own: commits when it returns, rolls back when it throws or is aborted.
   *
   * A query that `work` returns without awaiting it, or a list of them, leaves together with COMMIT: one round trip.
   *
   * @returns what `work` returned, once it is committed; of queries, their rows.
   * @throws what `work` throws, unchanged; the signal's own reason; DbError `QUERY_TIMEOUT` | `COMMIT_UNKNOWN` | `ROLLBACK_ONLY` | ….
   */
  session<List extends LazyList>(work: Work<List>, options?: SessionOptions): Promise<ListRows<List>>;
  session<T>(work: Work<T>, options?: SessionOptions): Promise<T>;
  session<T>(work: Work<T>, options: SessionOptions = NO_OPTIONS): Promise<T> {
    return this.carried(this.#run(work, options));
  }

  /** @internal A session of one statement, for `autocommit`. */
  readonly lone: <T>(work: Work<T>) => Promise<T> = (work) => this.#run(work, { transaction: false, isLone: true });

  /** @internal Its adapter, where lone reads may share a flight. */
  readonly sharedBy = (): Adapter | undefined =>
    sharesReads(this.#options) ? (this.#adapter ?? this.#source?.adapter) : undefined;

  #run<T>(work: Work<T>, options: BeginSession): Promise<T> {
    try {
      return Session.run(this, this.#begin(options), work, this.complete(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Begins a session that you end yourself: `await using session = db.open()`. Anything not committed by then is rolled back. */
  open(options: SessionOptions = {}): Session {
    return Session.open(this, this.#begin(options), this.complete(options));
  }

  /** Runs `work` in a transaction: inside a session according to `options.propagation`, otherwise in a new session. */
  transaction<List extends LazyList>(work: Work<List>, options?: TransactionOptions): Promise<ListRows<List>>;
  transaction<T>(work: Work<T>, options?: TransactionOptions): Promise<T>;
  transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    // Returned as it is: a promise around it would report its rejection as unhandled.
    return this.current()?.transaction(work, options) ?? this.carried(this.#transact(work, options));
  }

  async #transact<T>(work: Work<T>, { propagation, ...rest }: TransactionOptions): Promise<T> {
    return this.session(work, { ...rest, transaction: resolvePropagation(propagation, false) === "root" });
  }

  /**
   * Calls a listener with every event from now on, as `onEvent` is called; what it throws is ignored.
   *
   * @returns ends it.
   */
  subscribe(listener: (event: DatabaseEvent) => void): () => void {
    return this.#listeners.add(listener, () => {
      // Events cost nothing while nobody is called.
      this.emit = this.#listeners.isEmpty
        ? undefined
        : (event) => this.#listeners.tell(event, this.clock, this.#source?.pool.name ?? "");
      if (!this.#disposing) this.#source?.listen(this);
    });
  }

  /** What its connections can do; `undefined` before `ready()` where the URL is a function. */
  get capabilities(): Capabilities | undefined {
    return (this.#adapter ?? this.#source?.adapter)?.capabilities;
  }

  /** The SQL dialect of its adapters; `undefined` before `ready()` if the URL is a function and they differ. */
  get dialect(): Dialect | undefined {
    const [first, ...others] = new Set(this.#options.adapters.map(({ dialect }) => dialect));
    return this.capabilities?.dialect ?? (others.length > 0 ? undefined : first);
  }

  /**
   * Asks the URL function, so that `dialect` and `capabilities` are known. Opens no connection.
   *
   * @throws what the URL function throws; TypeError when no adapter is for its URL; DbError `CONNECT_FAILED` | `POOL_CLOSED`.
   */
  ready(): Promise<this> {
    const asked = new Promise((resolve) => resolve(sourceOf(this, () => new AbortController().signal)));
    return this.carried(asked.then(() => this));
  }

  /** The current session, if any. */
  current(): Session | undefined {
    let frame = this.context.current();
    while (frame && frame.owner !== this && frame.owner !== this.#source) frame = frame.parent;
    return frame?.session as Session | undefined;
  }

  /** The session that `withSession` bound to this Request or ExecutionContext. */
  of(owner: object): Session | undefined {
    return this.#bound?.get(owner);
  }

  /** @internal */
  bind(owner: object, session: Session): void {
    (this.#bound ??= new WeakMap()).set(owner, session);
  }

  /** @internal Closes what may not outlive this request. */
  async leave(event?: WaitUntil): Promise<void> {
    await this.#source?.pool.leave?.(event);
  }

  /** Counts of the pool it shares; all zero before the first statement. */
  stats(): DatabaseStats {
    return statsOf(this.#source);
  }

  /**
   * Ends the database: no more connections are lent, and sessions that hold one finish. The pool ends with its last database.
   * Awaited inside one of those sessions, it waits for itself: call it there without `await`, or behind the session.
   *
   * @param options.timeoutMs - longest wait for sessions that hold one, in milliseconds. Default: no limit.
   */
  async dispose(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkTimeout(options);
    const before = this.#disposing;
    const disposing = (this.#disposing ??= this.#source?.leave(this, options) ?? Promise.resolve());
    // A second call, with a timeout of its own.
    await (before && options.timeoutMs !== undefined ? within(disposing, options.timeoutMs, this.clock) : disposing);
    // Not before: `closeAllInstances()` finds the sessions that still run.
    removeInstance(this);
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    asyncDisposable(this, function () {
      return this.dispose();
    });
  }

  /** @internal */
  override get carry(): Carry | undefined {
    return this.context.carry;
  }

  /** @internal */
  override target(): Queryable {
    return this.current() ?? this;
  }

  /** @internal */
  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: Finish<T>,
    options?: DeadlineOptions,
  ): Promise<T> {
    try {
      // Without a current session, a statement is a session of its own.
      return (this.here() ?? this.autocommit).submit(kind, inputs, finish, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override stream<R = Row>(statement: SqlQuery<R> | StatementInput, options?: StreamRowsOptions): AsyncIterable<R> {
    return (this.here() ?? this.autocommit).stream<R>(statement, options);
  }

  override close(action?: CloseAction, options?: CloseOptions): Promise<void> {
    if (this.current()) return super.close(action, options);
    return this.carried(Promise.reject(sessionRequired(this, "; to end the database itself, use dispose()")));
  }

  /** @internal The current session; none where there is none for certain. @throws DbError `SESSION_REQUIRED` */
  here(): Session | undefined {
    const { absenceProves } = this.context;
    return this.current() ?? (absenceProves && !(this.strict && this.sessions > 0) ? undefined : this.require());
  }

  /** @internal */
  override require(): Session {
    const session = this.current();
    if (!session) throw sessionRequired(this);
    return session;
  }

  /** @internal */
  url(): MaybePromise<string> {
    return typeof this.#url === "string" ? this.#url : this.#url();
  }

  /** @internal */
  source(): MaybePromise<Source<Hook>> {
    if (this.#source && !this.#disposing) return this.#source;
    if (this.#adapter) return this.#share(this.#adapter);
    // Each caller calls it for itself: a shared promise would hang forever if its request were cut off.
    return Promise.resolve(this.url()).then(
      (url) => this.#source ?? this.#share(makeAdapter(url, this.#options, this.folder)),
    );
  }

  /** @internal */
  prepare(link: Link, owner: Owner, signal: AbortSignal | undefined): Promise<void> {
    return prepareLink(link.origin as Source<Hook>, this, link, owner, signal);
  }

  // The session that waits for the one begun here. From now on, closeAllInstances() and setFolder() include this database.
  #begin({ waitUntil = this.waitUntil, isLone }: BeginSession): Owner | undefined {
    if (!waitUntil && !isLone) this.runtime.onUnkept?.();
    if (!this.#disposing) addInstance(this);
    return (this.context.current()?.session as Session | undefined)?.unit.owner;
  }

  /** @internal */
  complete<O extends SessionOptions & { readonly isLone?: boolean | undefined }>(options: O, outer?: Settings): O {
    if (!options.isLone) checkNames(options, SESSION_OPTIONS, "a session");
    return withDefaults(options, this.#options, this, outer);
  }

  #share(adapter: Adapter): Source<Hook> {
    return (this.#source = shareSource(adapter, this.#url, this.#options, this, this.#disposing !== undefined));
  }
}
