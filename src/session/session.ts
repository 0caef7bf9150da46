import type { MaybePromise } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { RawResult, Result, Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import { Command } from "./command.ts";
import { Connection } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import { bounded, type DeadlineOptions } from "./deadline.ts";
import { Handle } from "./handle.ts";
import { connectionName } from "./names.ts";
import { runTransaction, type TransactionOptions } from "./nesting.ts";
import type { StreamRowsOptions } from "./queryable.ts";
import { toResult } from "./rows.ts";
import type { SessionOptions } from "./run-session.ts";
import type { Scope } from "./scope.ts";
import type { Carry } from "./sql-query.ts";
import type { StatementInput } from "./statement.ts";
import { carriedRows, streamRows } from "./stream.ts";
import type { Host } from "./host.ts";
import { Unit } from "./unit.ts";

export type Work<T> = (session: Session) => T | Promise<T>;

export function checkWork(work: unknown): void {
  if (typeof work !== "function") throw new TypeError(`Expected the work to be a function, got \`${typeof work}\``);
}

/** One unit of work: bound to the current context, holds at most one connection, ends once. */
export class Session extends Handle implements AsyncDisposable {
  /** @internal */
  readonly unit: Unit;
  /** @internal */
  readonly scope: Scope;
  /** @internal */
  lastCursor: Cursor | undefined;

  /** @internal */
  constructor(unit: Unit, scope: Scope = unit.root) {
    super();
    this.unit = unit;
    this.scope = scope;
  }

  /** @internal */
  static begin(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    checkNumber("timeoutMs", options.timeoutMs ?? 0);
    const session = new Session(new Unit(host, parent, options.transaction === false ? undefined : options));
    session.unit.waitUntil = options.waitUntil ?? host.waitUntil;
    return session;
  }

  /** @internal A session by hand: nobody waits for its end, so a signal or deadline ends it by itself. */
  static open(host: Host, parent: Owner | undefined, options: SessionOptions): Session {
    const session = Session.begin(host, parent, options);
    const { unit } = session;
    const ended = new Promise<void>((resolve) => (unit.onEnd = resolve));
    void (async () => session.bounded(options, () => ended))().catch((reason: unknown) => {
      session.giveUp(reason);
      return unit.end("aborted");
    });
    unit.waitUntil?.(ended);
    return session;
  }

  /** @internal */
  override get carry(): Carry | undefined {
    return this.unit.host.context.carry;
  }

  /** @internal Runs `work` until it settles, or until its signal or deadline gives up all that is within this session. */
  bounded<T>(options: DeadlineOptions, work: () => MaybePromise<T>): MaybePromise<T> {
    const { unit } = this;
    const { line, host, transaction } = unit;
    if (options.signal ?? options.timeoutMs !== undefined) line.isBounded = true;
    // What was committed, or sent outside of a transaction, is there to stay.
    return bounded(
      options,
      host.clock,
      work,
      (reason) => this.giveUp(reason),
      () => unit.hasKept || (!transaction.wanted && unit.link !== undefined),
    );
  }

  /** @internal Nothing more may be asked of it: what came behind its end would begin anew, and be rolled back. */
  seal(cause?: unknown): void {
    const { scope, unit } = this;
    scope.end ??= { cause };
    unit.isSettled ||= !scope.parent;
  }

  /** @internal Nothing more is sent for this session, and what is in flight is cancelled. */
  giveUp(reason: unknown): unknown {
    this.seal(reason);
    return this.unit.line.abort(this.scope, () => reason) ?? reason;
  }

  /** @internal Makes this session current for `work`. */
  enter<T>(work: Work<T>): T | Promise<T> {
    const { host } = this.unit;
    const { context } = host;
    return context.run({ owner: host, session: this, parent: context.current() }, () => work(this));
  }

  /** @internal Commits its transaction: the session's, or one that was begun in it. */
  async keep(last: readonly StatementInput[] = []): Promise<Result[]> {
    const { unit, scope } = this;
    scope.refuseFailed();
    const kind = unit.transaction.wanted || last.length === 0 ? "commit" : "batch";
    const results = await unit.line.add(new Command(kind, scope, last, (raw) => raw.map((result) => toResult(result))));
    unit.decide(scope, true);
    return results;
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
      this.checkOpen();
      return this.unit.line.add(new Command(kind, this.scope, inputs, finish), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override stream<R = Row>(statement: StatementInput, options: StreamRowsOptions = {}): AsyncIterable<R> {
    this.checkOpen();
    const rows = streamRows<R>(this, statement, options);
    return this.carry ? carriedRows(rows, this.carry) : rows;
  }

  /**
   * Runs `work` in a transaction inside this session, by `options.propagation`: default `required`, be part of this one.
   *
   * @throws what `work` throws, unchanged; DbError `PROPAGATION_REFUSED` | `ROLLBACK_ONLY` | `TRANSACTION_LOST` | ….
   */
  transaction<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    return this.carried(this.#transact(work, options));
  }

  async #transact<T>(work: Work<T>, options: TransactionOptions): Promise<T> {
    checkWork(work);
    return runTransaction(this.checkOpen(), work, options);
  }

  /** Gives the connection to the caller, who closes it; its place in the pool is free again. A transaction stays open on it. */
  detach(): Connection {
    const { unit } = this.checkOpen("detach");
    const link = unit.line.unsettled(unit.root).length === 0 ? unit.detach() : undefined;
    if (!link)
      throw new TypeError("Expected a connection with nothing in flight: await getConnection() before detach()");
    return new Connection(new Session(new Unit(unit.host, undefined, undefined, link)), link, true);
  }

  /** Unique per database and isolate. */
  get connectionName(): string {
    return connectionName(this.unit);
  }

  /** Unique per database and isolate. */
  get cursorName(): string {
    return connectionName(this.unit, "cursor");
  }

  /** @internal */
  override require(): Session {
    return this;
  }

  /**
   * @internal
   * @param method - what settles the whole is for the session itself: an inner transaction settles by how its work ends.
   * @throws DbError `SESSION_CLOSED` | `PROPAGATION_REFUSED`
   */
  checkOpen(method?: string): this {
    const { kind, ended, parent } = this.scope;
    if (ended) throw this.unit.closedError(ended.cause);
    if (!method || !parent) return this;
    const message = `${method}() is for the session itself: a transaction inside it settles by how its work ends`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: kind });
  }

  /** Rolls back what was not committed, and ends the session. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close(null);
  }
}
