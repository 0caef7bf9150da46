// For users who name no such `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { MaybePromise } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { Row } from "../contract/statement.ts";
import { checkNames } from "../option-names.ts";
import { checkFunction } from "../pool/options.ts";
import type { Action } from "./closing.ts";
import { Command } from "./command.ts";
import type { Finish } from "./finish.ts";
import { Connection } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import { arm, checkDeadline, type DeadlineOptions, timeoutError } from "./deadline.ts";
import { end, giveUp, mayBeDone } from "./ending.ts";
import { callWork } from "./fused.ts";
import { checkOpen, checkWhole, Handle } from "./handle.ts";
import type { Host } from "./host.ts";
import { Line } from "./line.ts";
import { connectionName } from "./names.ts";
import { refuseFromWithin, runInside, toBegin } from "./nesting.ts";
import { resolvePropagation } from "./propagation.ts";
import { type LazyList, type ListRows, type StreamRowsOptions } from "./queryable.ts";
import { quietly, refused } from "./quiet.ts";
import { retrying } from "./retry.ts";
import { runScope } from "./run-scope.ts";
import { type ByHand, openSavepoint, SAVEPOINT_OPTIONS, type SavepointOptions } from "./savepoint.ts";
import { refuseFailed, type Scope } from "./scope.ts";
import { type SessionOptions, TRANSACTION_OPTIONS, type TransactionOptions } from "./session-options.ts";
import type { Carry, SqlQuery } from "./sql-query.ts";
import { copyInput, type StatementInput } from "./statement.ts";
import { type ReadBatch, streamOf } from "./stream.ts";
import { Unit, type UnitOptions } from "./unit.ts";
import { asyncDisposable } from "../dispose.ts";

/** What `close()` does with the pending work; `null`: undecided, so it is rolled back. */
export type CloseAction = Action<Session>;

export type Work<T> = (session: Session) => T | Promise<T>;

/** How sessions begin that the user did not ask for: `db.autocommit`. */
export interface BeginSession extends SessionOptions {
  readonly isLone?: boolean | undefined;
}

/** A transaction inside a session that is ended by hand. Statements, transactions and savepoints inside it go through it. */
export interface Savepoint extends Session, ByHand {}

/** One for all sessions without, as is what they make of it: memory counts when ten thousand wait. */
export const NO_OPTIONS: SessionOptions = Object.freeze({});
const NONE = toUnitOptions(NO_OPTIONS);

/** One unit of work: bound to the current context, holds at most one connection, ends once. */
export class Session extends Handle<Session> implements AsyncDisposable {
  /** @internal */
  readonly unit: Unit;
  /** @internal */
  readonly line: Line;
  /** @internal */
  declare lastCursor: Cursor | undefined;
  /** Of a transaction inside a session; the session itself has that of its unit. */
  readonly #scope: Scope | undefined;

  /** @internal */
  constructor(unit: Unit, line: Line = new Line(unit), scope?: Scope) {
    super();
    this.unit = unit;
    this.line = line;
    this.#scope = scope;
  }

  /** @internal */
  get scope(): Scope {
    return this.#scope ?? this.unit.root;
  }

  /** @internal */
  static begin(host: Host, parent: Owner | undefined, options: BeginSession): Session {
    checkDeadline(options);
    if (options.waitUntil) checkFunction(options.waitUntil, "`waitUntil`");
    const session = new Session(new Unit(host, parent, options === NO_OPTIONS ? NONE : toUnitOptions(options)));
    session.unit.holder.waitUntil = options.waitUntil ?? host.waitUntil;
    return session;
  }

  /** @internal A session from `db.open()`: nobody waits for its end, so a signal or deadline ends it directly. */
  static open(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    const session = Session.begin(host, parent, options);
    const [{ unit, line }, { signal, timeoutMs }, { clock }] = [session, options, host];
    const until = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
    const givenUp = (reason: unknown): void => {
      if (giveUp(session, reason)) void end(session, "aborted").catch(() => undefined);
    };
    const watch = (): void => {
      if (signal ?? until) line.isBounded = true;
      line.isTimed ||= (unit.root.until = until) !== undefined;
      // Not more than at first, where the clock was set back.
      const leftMs = until === undefined ? undefined : Math.min(Math.max(until - clock.now(), 0), timeoutMs!);
      const disarm = arm({ signal, timeoutMs: leftMs }, "session", clock, givenUp, () => mayBeDone(session));
      const ended = unit.ended();
      void ended.then(disarm);
      unit.holder.waitUntil?.(ended);
    };
    unit.onReopen = (): void => {
      watch();
      // Its time ran out while it was closed.
      if (until !== undefined && clock.now() >= until) givenUp(timeoutError("session", timeoutMs!));
    };
    watch();
    return session;
  }

  /** @internal Runs `work` in a session of its own; with `retry`, until it no longer loses the race. */
  static run<T>(host: Host, parent: Owner | undefined, work: Work<T>, options: BeginSession): Promise<T> {
    checkFunction(work, "the work");
    const { retry = 0, signal, waitUntil = host.waitUntil } = options;
    if (retry === 0 && !waitUntil) return Session.begin(host, parent, options).#run(work, options);
    const begin = (): ReturnType<Parameters<typeof retrying<T>>[0]> => {
      const session = Session.begin(host, parent, options);
      return {
        result: session.#run(work, options),
        hasKept: () => session.unit.hasKept || session.unit.isSpent?.() === true,
        onRetry: (attempt, delayMs, error) =>
          host.emit?.({ type: "retry", session: session.unit.owner.id, attempt, delayMs, error }),
      };
    };
    let done: (() => void) | undefined;
    // A promise of its own: if two wait for the session's, the engine cannot find the lines that await it.
    waitUntil?.(new Promise<void>((resolve) => (done = resolve)));
    return (async () => {
      try {
        return await retrying(begin, retry, signal, host.clock);
      } finally {
        done?.();
      }
    })();
  }

  #run<T>(work: Work<T>, options: SessionOptions): Promise<T> {
    return runScope(this, () => this.enter(work), options);
  }

  /** @internal */
  override get carry(): Carry | undefined {
    return this.unit.host.context.carry;
  }

  /** @internal Makes this session current for `work`. */
  enter<T>(work: Work<T>): MaybePromise<T> {
    const { host } = this.unit;
    return host.context.run({ owner: host, session: this, parent: host.context.current() }, () =>
      callWork(this as Session, work),
    );
  }

  /** @internal */
  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: Finish<T>,
    options?: DeadlineOptions,
  ): Promise<T> {
    // The command's own promise, not one around it: a session that waits for it has handled its rejection.
    try {
      refuseFromWithin(checkOpen(this));
      const { unit, line, scope } = this;
      if (unit.readsApart(scope)) kind = "batch";
      const asked = kind === "query" && !options ? line.ask(scope, inputs, finish) : undefined;
      return asked ?? line.add(new Command(kind, scope, inputs, finish), options);
    } catch (error) {
      return refused(error, this.scope);
    }
  }

  override stream<R = Row>(statement: SqlQuery<R> | StatementInput, options: StreamRowsOptions = {}): AsyncIterable<R> {
    return streamOf<R>(this, copyInput(statement), options);
  }

  /** @internal A stream whose batches are read otherwise. */
  streamBy<R>(statement: StatementInput, options: StreamRowsOptions, read: ReadBatch<R>): AsyncIterable<R> {
    return streamOf<R>(this, statement, options, read);
  }

  /**
   * Runs `work` in a transaction inside this session, according to `options.propagation`; the default `required` joins this one.
   *
   * @throws what `work` throws, unchanged; DbError `PROPAGATION_REFUSED` | `ROLLBACK_ONLY` | `TRANSACTION_LOST` | ….
   */
  transaction<List extends LazyList>(work: Work<List>, options?: TransactionOptions): Promise<ListRows<List>>;
  transaction<T>(work: Work<T>, options?: TransactionOptions): Promise<T>;
  transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    return this.carried(quietly(this.#transact(work, options), this.scope));
  }

  async #transact<T>(work: Work<T>, options: TransactionOptions): Promise<T> {
    checkFunction(work, "the work");
    checkNames(options, TRANSACTION_OPTIONS, "a transaction");
    const { unit, line, scope } = checkOpen(this);
    const participation = resolvePropagation(options.propagation, !scope.isPlain);
    if (participation === "apart" || participation === "apart-plain") {
      const { propagation: _, ...own } = options;
      const complete = unit.host.complete({ ...own, transaction: participation === "apart" }, unit.options.settings);
      return Session.run(unit.host, unit.owner, work, complete);
    }
    refuseFromWithin(this);
    const kind = participation === "plain" ? "joined" : participation === "root" ? "transaction" : participation;
    return runInside(this, kind, options, (inner, turn) => {
      const inside = new Session(unit, line, inner);
      const enter = (): MaybePromise<T> => checkOpen(inside).enter(work);
      return runScope(inside, () => turn?.then(enter) ?? enter(), options);
    });
  }

  /**
   * Opens a transaction inside this session that is ended by hand, by `release()` or `rollback()`; else the session cannot be
   * committed. A savepoint, and in a plain session its transaction. It is sent ahead of its first statement.
   *
   * @param name - begins the name that it has at the database.
   * @throws DbError `PROPAGATION_REFUSED` | `POOL_DEADLOCK` | `SESSION_CLOSED`; or the signal's own reason.
   * @example
   * await using part = await session.savepoint();
   * await part.sql`update stock set left = left - 1`;
   * await part.release();
   */
  savepoint(name?: string, options: SavepointOptions = {}): Promise<Savepoint> {
    return this.carried(quietly(this.#savepoint(name, options), this.scope));
  }

  async #savepoint(name: string | undefined, options: SavepointOptions): Promise<Savepoint> {
    if (name !== undefined && typeof name !== "string")
      throw new TypeError(`Expected the name of a savepoint to be a text, got \`${typeof name}\``);
    checkNames(options, SAVEPOINT_OPTIONS, "a savepoint");
    const { unit, line } = checkOpen(this);
    refuseFromWithin(this);
    return openSavepoint(this, name, options, (scope) => new Session(unit, line, scope)) as Promise<Savepoint>;
  }

  /** Hands the connection over to the caller, who must close it; its place in the pool is freed. An open transaction stays open. */
  detach(): Connection {
    checkWhole(checkOpen(this), "detach");
    const { unit, line } = this;
    const { holder, root, host, transaction } = unit;
    refuseFailed(root);
    const refusal = transaction.refusal(root);
    if (refusal) throw refusal;
    const [outermost] = transaction.has;
    // Not its own, but of a part that is still to take it back, whatever has become of those around that.
    const isForeign = outermost !== undefined && outermost !== root.outermost;
    if (!isForeign && transaction.has.some(({ isUndone }) => isUndone))
      throw new TypeError("Expected a transaction with nothing left to roll back: run a statement before detach()");
    const isBusy = isForeign || line.unsettled(root).length > 0 || Boolean(root.parts?.size);
    const link = isBusy ? undefined : holder.detach();
    if (!link)
      throw new TypeError("Expected a connection with nothing in flight: await getConnection() before detach()");
    const begun = (): UnitOptions => ({ begin: link.driver.state === "idle" ? undefined : {} });
    const toUser = (): Session => new Session(new Unit(host, undefined, begun(), link));
    const user = toUser();
    // Streams that still read from it stop; they end with the connection.
    for (const stream of holder.streams) user.unit.holder.streams.add(stream);
    holder.streams.clear();
    return new Connection(user, link, toUser);
  }

  /** As given when it began. */
  get name(): string | undefined {
    return this.unit.options.name;
  }

  /** Unique per database and isolate. */
  get connectionName(): string {
    return connectionName(this.unit.host);
  }

  /** Unique per database and isolate. */
  get cursorName(): string {
    return connectionName(this.unit.host, "cursor");
  }

  /** @internal */
  override require(): Session {
    return this;
  }

  /** Rolls back anything not committed, and ends the session. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    asyncDisposable(this, function () {
      return this.close(null);
    });
  }
}

function toUnitOptions(options: BeginSession): UnitOptions {
  const { transaction, settings, fresh, isLone, name } = options;
  const inner = toBegin(options);
  const begin = transaction === false ? undefined : inner;
  return { begin, inner, settings, fresh: fresh === false ? fresh : undefined, isLone, name };
}
