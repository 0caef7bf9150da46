import type { BeginOptions, MaybePromise } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import type { RawResult, Row } from "../contract/statement.ts";
import { isDbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import type { Action } from "./closing.ts";
import { Command } from "./command.ts";
import { Connection } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import { arm, type DeadlineOptions, timeoutError } from "./deadline.ts";
import { end, type Ending, giveUp, mayBeDone, type Part } from "./ending.ts";
import { checkOpen, checkWhole, Handle } from "./handle.ts";
import type { Host } from "./host.ts";
import { Line } from "./line.ts";
import { connectionName } from "./names.ts";
import { refuseFromWithin, runInside, toBegin } from "./nesting.ts";
import { resolvePropagation, type Propagation } from "./propagation.ts";
import type { StreamRowsOptions } from "./queryable.ts";
import { quietly, refused } from "./quiet.ts";
import { type RetryOptions, retrying } from "./retry.ts";
import { runScope } from "./run-scope.ts";
import { refuseFailed, type Scope } from "./scope.ts";
import type { Carry } from "./sql-query.ts";
import type { StatementInput } from "./statement.ts";
import { handedRows, streamRows } from "./stream.ts";
import { Unit } from "./unit.ts";
import { asyncDisposable } from "../dispose.ts";

/** What is done with a session's pending work when it is closed; `null`: undecided, so rolled back. */
export type CloseAction = Action<Session>;

export type Work<T> = (session: Session) => T | Promise<T>;

export interface SessionOptions extends BeginOptions, DeadlineOptions {
  /** Whether its statements are one transaction, begun with the first of them. Default true. */
  readonly transaction?: boolean | undefined;
  /**
   * How often the work is done again when it lost a race: serialization failure, deadlock, BUSY. Each attempt has `timeoutMs`
   * for itself; the signal ends them all. Nothing is done again once a part of it was committed. Default 0.
   */
  readonly retry?: number | RetryOptions | undefined;
  /** Called with the promise of the whole session, which never rejects: keeps a Worker's request alive until it has ended. */
  readonly waitUntil?: WaitUntil | undefined;
}

export interface TransactionOptions extends SessionOptions {
  /** What happens when there is a transaction already. Default `required`. */
  readonly propagation?: Propagation | undefined;
}

/** How sessions begin that are nobody's choice: `db.autocommit`. */
interface BeginSession extends SessionOptions {
  readonly isLone?: boolean | undefined;
  /** Asked before a retry: whether its work can be done once more. */
  readonly mayRetry?: (() => boolean) | undefined;
}

function checkWork(work: unknown): void {
  if (typeof work !== "function") throw new TypeError(`Expected the work to be a function, got \`${typeof work}\``);
}

/** One unit of work: bound to the current context, holds at most one connection, ends once. */
export class Session extends Handle<Session> implements AsyncDisposable, Part {
  /** @internal */
  readonly unit: Unit;
  /** @internal */
  readonly line: Line;
  /** @internal */
  lastCursor: Cursor | undefined;
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
    const { transaction, settings, isLone, waitUntil = host.waitUntil, timeoutMs = 0 } = options;
    checkNumber("timeoutMs", timeoutMs);
    const begin = transaction === false ? undefined : toBegin(options);
    const session = new Session(new Unit(host, parent, { begin, settings, isLone }));
    session.unit.holder.waitUntil = waitUntil;
    return session;
  }

  /** @internal A session by hand: nobody waits for its end, so a signal or deadline ends it by itself. */
  static open(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    const session = Session.begin(host, parent, options);
    const { unit, line } = session;
    const { signal, timeoutMs } = options;
    const { clock } = host;
    const until = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
    const givenUp = (reason: unknown): void => {
      if (giveUp(session, reason)) void end(session, "aborted").catch(() => undefined);
    };
    const watch = (): void => {
      if (signal ?? until) line.isBounded = true;
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

  /** @internal Runs `work` in a session of its own, once or, with `retry`, until it does not lose the race. */
  static run<T>(host: Host, parent: Owner | undefined, work: Work<T>, options: BeginSession): Promise<T> {
    const begin = (): ReturnType<Parameters<typeof retrying<T>>[0]> => {
      const session = Session.begin(host, parent, options);
      const { unit } = session;
      return {
        result: session.#runOnce(work, options),
        hasKept: () => unit.hasKept || options.mayRetry?.() === false,
        onRetry: (attempt, delayMs, error) => host.emit?.({ type: "retry", session: unit.id, attempt, delayMs, error }),
      };
    };
    let done: (() => void) | undefined;
    // A promise of its own: with two that wait for the session's, an engine does not find the lines that await it.
    (options.waitUntil ?? host.waitUntil)?.(new Promise<void>((resolve) => (done = resolve)));
    return (async () => {
      try {
        checkWork(work);
        return await retrying(begin, options.retry, options.signal, host.clock);
      } finally {
        done?.();
      }
    })();
  }

  async #runOnce<T>(work: Work<T>, options: SessionOptions): Promise<T> {
    let ending: Ending = "failed";
    try {
      const value = await runScope(this, () => this.enter(work), options);
      ending = "done";
      return value;
    } catch (error) {
      if (options.signal?.aborted || isDbError(error, "QUERY_TIMEOUT")) ending = "aborted";
      throw error;
    } finally {
      this.unit.isOver = true;
      await end(this, ending);
    }
  }

  /** @internal */
  override get carry(): Carry | undefined {
    return this.unit.host.context.carry;
  }

  /** @internal Makes this session current for `work`. */
  enter<T>(work: Work<T>): MaybePromise<T> {
    const { host } = this.unit;
    const { context } = host;
    return context.run({ owner: host, session: this, parent: context.current() }, () => work(this));
  }

  /** @internal */
  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    // The command's own promise, not one around it: a session that waits for it has seen to its failure.
    try {
      refuseFromWithin(checkOpen(this));
      return this.line.add(new Command(kind, this.scope, inputs, finish), options);
    } catch (error) {
      return refused(error, this.scope);
    }
  }

  override stream<R = Row>(statement: StatementInput, options: StreamRowsOptions = {}): AsyncIterable<R> {
    refuseFromWithin(checkOpen(this));
    return handedRows(streamRows<R>(this, statement, options), this);
  }

  /**
   * Runs `work` in a transaction inside this session, by `options.propagation`: default `required`, be part of this one.
   *
   * @throws what `work` throws, unchanged; DbError `PROPAGATION_REFUSED` | `ROLLBACK_ONLY` | `TRANSACTION_LOST` | ….
   */
  transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    return this.carried(quietly(this.#transact(work, options), this.scope));
  }

  async #transact<T>(work: Work<T>, options: TransactionOptions): Promise<T> {
    checkWork(work);
    const { unit, line, scope } = checkOpen(this);
    const participation = resolvePropagation(options.propagation, scope.path.length > 0);
    if (participation === "apart" || participation === "apart-plain")
      return Session.run(unit.host, unit.owner, work, { ...options, transaction: participation === "apart" });
    refuseFromWithin(this);
    const kind = participation === "plain" ? "joined" : participation === "root" ? "transaction" : participation;
    return runInside(this, kind, options, (inner, turn) => {
      const inside = new Session(unit, line, inner);
      const enter = (): MaybePromise<T> => checkOpen(inside).enter(work);
      return runScope(inside, () => turn?.then(enter) ?? enter(), options);
    });
  }

  /** Gives the connection to the caller, who closes it; its place in the pool is free again. A transaction stays open on it. */
  detach(): Connection {
    checkWhole(checkOpen(this), "detach");
    const { unit, line } = this;
    const { holder, root, host, transaction } = unit;
    refuseFailed(root);
    const refusal = transaction.refusal(root);
    if (refusal) throw refusal;
    if (transaction.has.some(({ isUndone }) => isUndone))
      throw new TypeError("Expected a transaction with nothing left to take back: run a statement before detach()");
    const isBusy = line.unsettled(root).length > 0 || root.parts.size > 0;
    const link = isBusy ? undefined : holder.detach();
    if (!link)
      throw new TypeError("Expected a connection with nothing in flight: await getConnection() before detach()");
    const toUser = (): Session => {
      const begin = link.driver.state === "idle" ? undefined : {};
      return new Session(new Unit(host, undefined, { begin }, link));
    };
    const user = toUser();
    // What still reads from it here reads no more; it is ended with the connection.
    for (const stream of holder.streams) user.unit.holder.streams.add(stream);
    holder.streams.clear();
    return new Connection(user, link, toUser);
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

  /** Rolls back what was not committed, and ends the session. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    asyncDisposable(this, function () {
      return this.close(null);
    });
  }
}
