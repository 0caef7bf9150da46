import type { Owner } from "../contract/events.ts";
import type { RawResult, Result, Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { Command } from "./command.ts";
import { Connection } from "./connection.ts";
import { Cursor } from "./cursor.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { endUnit, type Ending, rollbackOnly, runBounded, sessionClosed } from "./life.ts";
import type { Link } from "./link.ts";
import { connectionName } from "./names.ts";
import { runTransaction, type TransactionOptions } from "./nesting.ts";
import { Queryable, type StreamRowsOptions } from "./queryable.ts";
import { toResult } from "./rows.ts";
import type { SessionOptions } from "./run-session.ts";
import type { Scope, SettleCallback } from "./scope.ts";
import type { StatementInput } from "./statement.ts";
import { streamRows } from "./stream.ts";
import type { Host } from "./host.ts";
import { Unit } from "./unit.ts";

/** What is done with a session's pending work when it is closed; `null`: undecided, so rolled back. */
export type CloseAction = "commit" | "rollback" | null | ((session: Session) => unknown);

/** One unit of work: bound to the current context, holds at most one connection, ends once. */
export class Session extends Queryable implements AsyncDisposable {
  /** @internal */
  readonly unit: Unit;
  /** @internal */
  readonly scope: Scope;
  #cursor: Cursor | undefined;
  #isSettled = false;

  /** @internal */
  constructor(unit: Unit, scope: Scope = unit.root) {
    super();
    this.unit = unit;
    this.scope = scope;
  }

  /** @internal */
  static start(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    const unit = new Unit(host, parent, options.transaction === false ? undefined : options);
    unit.isTold = true;
    unit.emit({ type: "session", session: unit.id, parent: parent?.id });
    return new Session(unit);
  }

  /** @internal A session by hand: nobody waits for its end, so a signal or deadline ends it by itself. */
  static open(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    const session = Session.start(host, parent, options);
    const ended = new Promise<void>((resolve) => (session.unit.onEnd = resolve));
    const end = (reason: unknown): void => {
      session.giveUp(reason);
      void endUnit(session.unit, "aborted");
    };
    void Promise.resolve(runBounded(session.unit, options, () => ended, end)).catch(() => undefined);
    options.waitUntil?.(ended);
    return session;
  }

  /** @internal A session on a connection that is not its own to give back: for hooks, and for connections detached. */
  static on(host: Host, link: Link): Session {
    const unit = new Unit(host, undefined, undefined);
    unit.adopt(link);
    return new Session(unit);
  }

  /** @internal Runs `work` with this session current, then commits; rolls back when it throws, or is given up. */
  async run<T>(work: (session: Session) => T | Promise<T>, options: DeadlineOptions): Promise<T> {
    const { unit } = this;
    let ending: Ending = "failed";
    try {
      const value = await runBounded(unit, options, () => this.enter(work), (reason) => {
        ending = "aborted";
        this.giveUp(reason);
      });
      await unit.line.drain();
      if (unit.closed === undefined) await this.commit();
      ending = "done";
      return value;
    } finally {
      this.#isSettled = true;
      await endUnit(unit, ending);
    }
  }

  /** @internal Nothing more is sent for this session, and what is in flight is cancelled. */
  giveUp(reason: unknown): void {
    this.unit.closed ??= () => sessionClosed(this.unit, reason);
    this.unit.line.abort(reason);
  }

  /** @internal Makes this session current for `work`. */
  enter<T>(work: (session: Session) => T): T {
    const { context, database: owner } = this.unit.host;
    return context.run({ owner, session: this, parent: context.current() }, () => work(this));
  }

  /** @internal */
  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    shape: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    // The command's own promise, not one around it: a session that waits for it has seen to its failure.
    try {
      this.assertOpen();
      return this.unit.line.add(new Command(kind, this.scope, inputs, shape), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override stream<R = Row>(statement: StatementInput, options: StreamRowsOptions = {}): AsyncIterable<R> {
    this.assertOpen();
    return streamRows<R>(this.unit, this.scope, statement, options);
  }

  /**
   * Runs `work` in a transaction inside this session, by `options.propagation`: default `required`, be part of this one.
   *
   * @throws what `work` throws, unchanged; DbError `PROPAGATION_REFUSED` | `ROLLBACK_ONLY` | `TRANSACTION_LOST` | ….
   */
  async transaction<T>(work: (session: Session) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.assertOpen();
    return runTransaction(this, work, options);
  }

  /**
   * Commits, with the last statements in the same flight; the next statement begins anew.
   *
   * @returns the results of `last`.
   * @throws DbError `COMMIT_UNKNOWN` when the answer was lost; `ROLLBACK_ONLY` when a part of it failed.
   */
  async commit(...last: readonly StatementInput[]): Promise<Result[]> {
    this.#assertOwn("commit");
    const { unit, scope } = this;
    const refusal = rollbackOnly(scope);
    if (refusal !== undefined) throw refusal;
    const kind = unit.transaction.wanted !== undefined || last.length === 0 ? "commit" : "batch";
    const results = await unit.line.add(new Command(kind, scope, last, (raw) => raw.map((result) => toResult(result))));
    unit.due.push(...scope.onCommit.splice(0));
    scope.onRollback = [];
    return results;
  }

  /** Rolls back; the next statement begins anew. Sends nothing when nothing was executed. */
  async rollback(): Promise<void> {
    this.#assertOwn("rollback");
    const { unit, scope } = this;
    await unit.line.add(new Command("rollback", scope));
    scope.failure = undefined;
    unit.due.push(...scope.onRollback.splice(0));
    scope.onCommit = [];
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was committed. */
  onCommit(callback: SettleCallback): void {
    this.assertOpen();
    this.scope.bound.onCommit.push(callback);
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was rolled back. */
  onRollback(callback: SettleCallback): void {
    this.assertOpen();
    this.scope.bound.onRollback.push(callback);
  }

  /**
   * The session's connection; takes one when it has none yet, which is otherwise left to the first statement.
   *
   * @param options.usePool - `false`: one that is opened for it, never an idle one. Default true.
   */
  async getConnection({ usePool = true }: { readonly usePool?: boolean } = {}): Promise<Connection> {
    this.assertOpen();
    const command = new Command("connect", this.scope);
    command.usePool = usePool;
    await this.unit.line.add(command);
    return new Connection(this, this.unit.link!);
  }

  /**
   * Binds a connection that the caller owns (from `detach()`); the session uses it and leaves it open. What was bound before
   * is rolled back and given back, so `null` leaves the session with none.
   *
   * @param options.runHooks - runs the database's connection hooks on it. Default false.
   */
  async setConnection(connection: Connection | null, { runHooks = false }: { readonly runHooks?: boolean } = {}): Promise<void> {
    this.#assertOwn("setConnection");
    const link = connection?.link();
    await this.unit.line.idle();
    await this.rollback();
    this.unit.release();
    if (link === undefined) return;
    if (runHooks) await link.source.prepare(link);
    this.unit.adopt(link);
  }

  /**
   * Ends the session: settles what is pending, then gives the connection to the pool if it is clean and there is room.
   * The second call does nothing; without a connection the action is not run.
   *
   * @param action - default `commit`. `null`: undecided, a pending transaction is rolled back.
   * @param options.really - closes the connection instead of pooling it. Default false.
   * @throws what the action throws, after the connection was closed; TypeError for an unknown action, with nothing done.
   */
  async close(action: CloseAction = "commit", { really = false }: { readonly really?: boolean } = {}): Promise<void> {
    if (action !== null && action !== "commit" && action !== "rollback" && typeof action !== "function") {
      throw new TypeError(`Expected the action to be "commit", "rollback", null or a function, got \`${String(action)}\``);
    }
    if (this.unit.closed !== undefined) return;
    this.#assertOwn("close");
    let ending: Ending = "failed";
    try {
      await this.unit.line.idle();
      if (this.unit.link !== undefined && action !== null) await (typeof action === "function" ? action(this) : this[action]());
      ending = "done";
    } finally {
      await endUnit(this.unit, ending, really || ending === "failed");
    }
  }

  /** `close()`, which commits, then `getConnection()`: also revives a session that was closed by hand. */
  async reconnect(): Promise<Connection> {
    if (this.#isSettled) this.assertOpen();
    await this.close();
    this.unit.closed = undefined;
    this.unit.hasEnded = false;
    return this.getConnection();
  }

  /** The session's cursor: DB-API style reading. */
  get cursor(): Cursor {
    return (this.#cursor ??= new Cursor(this));
  }

  /** A new cursor for the same connection; the old one keeps its rows. */
  resetCursor(): Cursor {
    return (this.#cursor = new Cursor(this));
  }

  /** Gives the connection to the caller, who closes it; its place in the pool is free again. A transaction stays open on it. */
  detach(): Connection {
    this.#assertOwn("detach");
    const link = this.unit.detach();
    if (link === undefined) throw new TypeError("Expected a session with a connection: call getConnection() before detach()");
    return new Connection(Session.on(this.unit.host, link), link, true);
  }

  /** Unique per database and isolate. */
  get connectionName(): string {
    return connectionName(this.unit);
  }

  /** Unique per database and isolate. */
  get cursorName(): string {
    return connectionName(this.unit, "cursor");
  }

  /** @internal Whether it is the handle of a transaction inside a session. */
  get isInner(): boolean {
    return this.scope.parent !== undefined;
  }

  /** @internal */
  holds(link: Link): boolean {
    return this.unit.link === link;
  }

  /** @internal */
  assertOpen(): void {
    if (this.unit.closed !== undefined) throw this.unit.closed();
    if (this.scope.isEnded) throw sessionClosed(this.unit);
  }

  // What settles the whole is for the session itself: an inner transaction settles by how its work ends.
  #assertOwn(method: string): void {
    this.assertOpen();
    if (!this.isInner) return;
    const message = `${method}() is the session's: an inner transaction commits when its work returns, and rolls back when it throws`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: this.scope.kind });
  }

  /** Rolls back what was not committed, and ends the session. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close(null);
  }
}
