import type { Adapter, MaybePromise } from "./contract/adapter.ts";
import type { ContextProvider } from "./contract/context.ts";
import type { Owner, PoolEvent, SessionEvent } from "./contract/events.ts";
import type { Clock, WaitUntil } from "./contract/runtime.ts";
import type { RawResult, Row } from "./contract/statement.ts";
import { explicit } from "./context/explicit.ts";
import { checkDatabaseOptions, chooseAdapter, type DatabaseOptions, type UrlSource } from "./database-options.ts";
import { type DatabaseStats, statsOf } from "./database-stats.ts";
import { DbError } from "./errors.ts";
import { type CheckedPoolOptions, checkNumber, checkPoolOptions } from "./pool/options.ts";
import type { PoolRuntime } from "./pool/runtime.ts";
import { shared } from "./runtime/shared.ts";
import { Autocommit } from "./session/autocommit.ts";
import type { DeadlineOptions } from "./session/deadline.ts";
import { Handle } from "./session/handle.ts";
import { type Hook, prepareLink } from "./session/hooks.ts";
import { addInstance, currentFolder, removeInstance } from "./session/instances.ts";
import type { Link } from "./session/link.ts";
import { resolvePropagation } from "./session/propagation.ts";
import { withDefaults } from "./session-defaults.ts";
import type { Queryable, StreamRowsOptions } from "./session/queryable.ts";
import { Session, type SessionOptions, type TransactionOptions, type Work } from "./session/session.ts";
import { Source } from "./session/source.ts";
import type { Carry } from "./session/sql-query.ts";
import { copyInput, type StatementInput, toStatement } from "./session/statement.ts";
import { asyncDisposable } from "./dispose.ts";

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

/** What to do where a strict provider refuses a lone statement. */
const LOST = "bind the listener or callback that lost it (`AsyncLocalStorage.bind`)";

/** A configured data source. Made by `createDatabase()`. */
export class Database extends Handle<Session> implements AsyncDisposable {
  /** Each statement a session of its own, outside of any session that is current: on purpose. */
  readonly autocommit: Queryable = new Autocommit(this);
  /** Working folder of adapters that store files; `""` when none was set. */
  readonly folder: string;
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
  readonly limits: CheckedPoolOptions;
  /** @internal */
  readonly emit: ((event: PoolEvent | SessionEvent) => void) | undefined;
  readonly #url: string | (() => MaybePromise<string>);
  readonly #options: DatabaseOptions;
  readonly #bound: WeakMap<object, Session> = new WeakMap();
  #adapter: Adapter | undefined;
  #source: Source<Hook> | undefined;
  #disposing: Promise<void> | undefined;

  /** @internal */
  constructor(url: UrlSource, options: DatabaseOptions) {
    super();
    checkDatabaseOptions(options);
    const { context = explicit(), runtime = shared(), checkActiveConnection = true, stacks = false, onEvent } = options;
    const { clock } = runtime;
    this.context = context;
    this.clock = clock;
    this.waitUntil = runtime.waitUntil;
    this.checksConnections = checkActiveConnection;
    this.stacks = stacks;
    this.limits = checkPoolOptions(options.pool, runtime.maxConnections);
    this.folder = options.folder ?? currentFolder(context);
    this.emit =
      onEvent &&
      ((event) => {
        // A listener that throws must not stop what it listens to.
        try {
          onEvent({ ...event, at: clock.now(), pool: this.#source?.pool.name ?? "" });
        } catch {}
      });
    this.#url = typeof url === "function" ? url : String(url);
    // A copy: what the caller changes later changes nothing here.
    this.#options = { ...options, adapters: [...options.adapters], setup: (options.setup ?? []).map(copyInput) };
    this.runtime = runtime;
    if (typeof this.#url === "string") this.#adapter = this.#makeAdapter(this.#url);
  }

  /**
   * Runs `work` in a session of its own: commits when it returns, rolls back when it throws or is given up.
   *
   * @returns what `work` returned, once it is committed.
   * @throws what `work` throws, unchanged; the signal's own reason; DbError `QUERY_TIMEOUT` | `COMMIT_UNKNOWN` | `ROLLBACK_ONLY` | ….
   */
  session<T>(work: Work<T>, options: SessionOptions = {}): Promise<T> {
    return this.carried(this.#run(work, options));
  }

  /** @internal A session of one statement, for `autocommit`. */
  lone<T>(work: Work<T>): Promise<T> {
    return this.#run(work, { transaction: false, isLone: true });
  }

  #run<T>(work: Work<T>, options: SessionOptions & { readonly isLone?: boolean }): Promise<T> {
    try {
      return Session.run(this, this.#begin(), work, this.#complete(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Begins a session by hand: `await using session = db.open()`. What is not committed when it ends is rolled back. */
  open(options: SessionOptions = {}): Session {
    return Session.open(this, this.#begin(), this.#complete(options));
  }

  /** Runs `work` in a transaction: in the current session by `options.propagation`, outside of any in a session of its own. */
  transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    // Handed on as it is: one around it would not be as quiet.
    return this.current()?.transaction(work, options) ?? this.carried(this.#transact(work, options));
  }

  async #transact<T>(work: Work<T>, options: TransactionOptions): Promise<T> {
    return this.session(work, { ...options, transaction: resolvePropagation(options.propagation, false) === "root" });
  }

  /** The session that is current here, if one is. */
  current(): Session | undefined {
    for (let frame = this.context.current(); frame; frame = frame.parent)
      if (frame.owner === this || frame.owner === this.#source) return frame.session as Session;
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

  /** @internal Closes what may not outlive this request. */
  async leave(event?: WaitUntil): Promise<void> {
    await this.#source?.pool.leave?.(event);
  }

  /** Counts of the pool it shares; all zero before the first statement. */
  stats(): DatabaseStats {
    return statsOf(this.#source);
  }

  /**
   * Ends the database: nobody gets a connection any more, those who hold one finish. The pool ends with its last database.
   *
   * @param options.timeoutMs - longest wait for those who hold one, in milliseconds. Default: as long as it takes.
   */
  async dispose(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs } = options;
    checkNumber("timeoutMs", timeoutMs ?? 0);
    removeInstance(this);
    const before = this.#disposing;
    const disposing = (this.#disposing ??= this.#source?.leave(this, options) ?? Promise.resolve());
    if (!before || timeoutMs === undefined) return disposing;
    // Asked once more, with a patience of its own.
    let timer: unknown;
    const over = new Promise<void>((resolve) => (timer = this.clock.setTimeout(resolve, timeoutMs)));
    await Promise.race([disposing, over]).finally(() => this.clock.clearTimeout(timer));
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
    finish: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    try {
      return this.#place().submit(kind, inputs, finish, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override stream<R = Row>(statement: StatementInput, options?: StreamRowsOptions): AsyncIterable<R> {
    return this.#place().stream<R>(statement, options);
  }

  /** @internal */
  override require(): Session {
    const session = this.current();
    if (session) return session;
    const {
      name,
      strict,
      remedy = strict ? LOST : "give createDatabase() a context that follows await",
    } = this.context;
    const remedies = `use the one that db.session() hands to its work, ${remedy}, or use db.autocommit`;
    throw new DbError("SESSION_REQUIRED", `no session is current here, says ${name}(): ${remedies}`, { context: name });
  }

  /** @internal */
  url(): MaybePromise<string> {
    return typeof this.#url === "string" ? this.#url : this.#url();
  }

  /** @internal */
  source(): MaybePromise<Source<Hook>> {
    if (this.#source && !this.#disposing) return this.#source;
    if (this.#adapter) return this.#share(this.#adapter);
    // Each caller asks for itself; no promise is kept that would hang for ever if its request were cut off.
    return Promise.resolve(this.url()).then((url) => this.#source ?? this.#share(this.#makeAdapter(url)));
  }

  /** @internal */
  prepare(link: Link, owner: Owner, signal: AbortSignal | undefined): Promise<void> {
    return prepareLink(link.origin as Source<Hook>, this, link, owner, signal);
  }

  // Who waits for a session that begins here. From now on, closeAllInstances() and setFolder() look here too.
  #begin(): Owner | undefined {
    if (!this.#disposing) addInstance(this);
    return (this.context.current()?.session as Session | undefined)?.unit.owner;
  }

  #complete<O extends SessionOptions>(options: O): O {
    const { defaults, settings } = this.#options;
    const { dialect } = this.#adapter?.capabilities ?? {};
    if (!defaults && !settings && !options.settings) return options;
    return withDefaults(options, defaults ?? {}, settings === "required", dialect);
  }

  // Where nobody is current, a statement is a session of its own; where that cannot be known, it is refused.
  #place(): Queryable {
    const { absenceProves, strict } = this.context;
    return this.current() ?? (absenceProves && !(strict && this.sessions > 0) ? this.autocommit : this.require());
  }

  #share(adapter: Adapter): Source<Hook> {
    if (this.#disposing)
      throw new DbError("POOL_CLOSED", "the database was disposed: make a new one", { pool: adapter.key ?? "" });
    const { afterFirstConnection, afterConnection, adapters, setup: inputs = [] } = this.#options;
    const { limits, checksConnections, stacks, runtime } = this;
    const setup = inputs.map((input) => toStatement(input, adapter, "setup"));
    const identity = [
      ...[
        this.#url,
        this.folder,
        runtime.name,
        runtime.clock,
        checksConnections,
        stacks,
        afterFirstConnection,
        afterConnection,
      ],
      ...Object.values(limits),
      // With the count of the values: a value must not pass for the next text.
      ...setup.flatMap(({ text, params = [] }) => [text, Object.keys(params).length, ...Object.entries(params).flat()]),
      ...adapters.flatMap((factory) => factory.identity),
    ];
    const options = { limits, runtime, setup, afterFirstConnection, afterConnection, checksConnections };
    return (this.#source = Source.share(adapter, identity, options, this));
  }

  #makeAdapter(url: string): Adapter {
    const { adapters, setup = [] } = this.#options;
    const adapter = chooseAdapter(url, adapters).create({ url, folder: this.folder });
    // Checked here, where the mistake was made, and not when the first connection is opened.
    for (const input of setup) toStatement(input, adapter, "setup");
    return adapter;
  }
}
