import { systemClock } from "../clock.ts";
import type { MaybePromise } from "../contract/adapter.ts";
import type { PoolEvent } from "../contract/events.ts";
import type { DbError } from "../errors.ts";
import { Drain } from "./drain.ts";
import type { Entry } from "./entry.ts";
import { type AcquireOptions, type Lease, lend, type ReleaseOptions, type Stack } from "./lease.ts";
import {
  type CheckedPoolOptions,
  type ConnectionPoolOptions,
  checkNumber,
  checkPoolOptions,
  checkTimeout,
  type PoolOptions,
} from "./options.ts";
import { checkRoom, type PoolView, refusal } from "./refusal.ts";
import { pools } from "./registry.ts";
import type { PoolSource } from "./source.ts";
import { type PoolStats, statsOf } from "./stats.ts";
import { Stock } from "./stock.ts";
import { type Tell, teller } from "./teller.ts";
import { WaitLine } from "./wait-line.ts";
import { Watch } from "./watch.ts";
import { throwIfAborted } from "../signal.ts";

export type {
  AcquireOptions,
  ConnectionPoolOptions,
  Lease,
  PoolEvent,
  PoolOptions,
  PoolSource,
  PoolStats,
  ReleaseOptions,
};

/**
 * Lends connections, or any other resource, to one caller at a time. At most `max` are open; idle ones are lent newest
 * first; callers are served first come, first served. No I/O, no timer and no random number before the first `acquire()`.
 *
 * @example
 * const pool = new ConnectionPool({ open: () => connect(url), close: (connection) => connection.end() }, { max: 5 });
 * const rows = await pool.use((connection) => connection.query("select 1"));
 */
export class ConnectionPool<C> {
  readonly name: string;
  readonly #options: CheckedPoolOptions;
  readonly #hasStacks: boolean;
  readonly #tell: Tell;
  /** Somebody listens, or leases are looked after: each lease means more work then. */
  readonly #isWatched: boolean;
  readonly #watch: Watch;
  readonly #stock: Stock<C>;
  readonly #line: WaitLine<C>;
  readonly #view: PoolView;
  readonly #drain = new Drain();

  /** @throws TypeError that names an invalid option, or what the source lacks. */
  constructor(source: PoolSource<C>, options: ConnectionPoolOptions = {}) {
    const { runtime, stacks = false, name = "pool", onEvent } = options;
    this.name = name;
    this.#hasStacks = stacks;
    this.#tell = teller(onEvent);
    this.#options = checkPoolOptions(options, runtime?.maxConnections);
    this.#isWatched = onEvent !== undefined || this.#options.leakMs > 0;
    // After the clock was set back, no idle time is known.
    const onSetBack = (): void => this.#stock.closeIdle("idle");
    const onTimer = (lostMs: number, before: number): void => this.#onTimer(lostMs, before);
    this.#watch = new Watch(runtime?.clock ?? systemClock, onTimer, onSetBack);
    this.#stock = new Stock(this, source, this.#options, this.#watch, this.#tell);
    this.#line = new WaitLine<C>(this.#stock, () => this.#rest());
    this.#view = { name, options: this.#options, stock: this.#stock, line: this.#line };
  }

  /** The counts of all databases' pools: `pools()`. */
  static get POOLS(): ReadonlyMap<string, PoolStats> {
    return pools();
  }

  /**
   * Borrows one connection; waits in line when all are busy. First come, first served.
   *
   * @returns a lease; call `release()` once, on every path.
   * @throws DbError `POOL_TIMEOUT` | `POOL_FULL` | `POOL_CLOSED` | `POOL_DEADLOCK`; or, unchanged, the signal's own reason,
   *   or an error of `open()` that is not worth retrying.
   */
  acquire(options?: AcquireOptions): Promise<Lease<C>> {
    const lease = this.tryAcquire(options);
    return lease ? Promise.resolve(lease) : this.#queue(options);
  }

  /** Borrows an idle connection that needs no validation, at once; `undefined` when there is none, or others wait. */
  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    const stock = this.#stock;
    if (stock.idle.length === 0 || this.#line.size > 0) return undefined;
    if (options && (options.usePool === false || options.signal?.aborted)) return undefined;
    this.#watch.read();
    const entry = stock.newest();
    if (!entry || !stock.isTrusted(entry)) return undefined;
    stock.idle.pop();
    return this.#lend(entry, options, this.#stack(options), 0);
  }

  /** Borrows a connection while `work` runs, and returns the result of `work`. */
  async use<T>(work: (connection: C) => MaybePromise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(options);
    try {
      return await work(lease.connection);
    } finally {
      lease.release();
    }
  }

  /** Ends this generation: idle connections are closed now, lent ones when released. */
  invalidate(): void {
    this.#watch.read();
    this.#stock.endGeneration();
    this.pump();
  }

  /** Current and total counts. */
  stats(): PoolStats {
    return statsOf(this.#view);
  }

  /**
   * Ends the pool: waiting callers get `POOL_CLOSED`, idle connections are closed now, lent ones when released.
   *
   * @param options.timeoutMs - longest wait for leases, in milliseconds. Default: no limit.
   * @returns a promise that resolves when every connection is closed, or the time has passed.
   */
  dispose(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    const until = this.#watch.read() + checkTimeout(options);
    this.#stock.isDisposed = true;
    this.#watch.expect(until);
    const error = refusal("POOL_CLOSED", this.#view);
    for (const waiter of this.#line) this.#line.reject(waiter, error);
    this.#stock.calls.abort(error);
    this.#stock.closeIdle("disposed");
    // One turn later, as the rejections are: those who waited are told first.
    return new Promise<void>((resolve) => {
      this.#drain.wait(until, resolve);
      this.#rest();
    }).then();
  }

  #queue(options: AcquireOptions | undefined): Promise<Lease<C>> {
    try {
      const stock = this.#stock;
      const line = this.#line;
      const stack = this.#stack(options);
      throwIfAborted(options?.signal);
      checkRoom(this.#view, options?.owner, stack);
      const since = this.#watch.read();
      const timeoutMs =
        options?.timeoutMs === undefined ? this.#options.acquireTimeoutMs : checkNumber("timeoutMs", options.timeoutMs);
      if (line.size === 0) stock.pace.narrow();
      const lease = line.push(since, timeoutMs, options, stack);
      const isTimed = this.#watch.expect(since + timeoutMs);
      this.#tell?.({ type: "wait", owner: options?.owner, waiting: line.size });
      // With none idle and no room, nothing can be done for it, and nearly always the timer is right already.
      if (stock.entries.size < stock.max || stock.idle.length > 0 || !isTimed) this.pump();
      return lease;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Serves waiters, with idle connections or else by opening more. Call after every state change.
   * @internal
   */
  pump(): void {
    const stock = this.#stock;
    for (;;) {
      const { open, validate } = stock.under;
      const { size } = this.#line;
      const entry = size > validate && (this.#line.firstPooled || stock.entries.size >= stock.max) && stock.newest();
      if (entry) {
        stock.idle.pop();
        if (stock.isTrusted(entry)) this.offer(entry);
        else stock.check(entry);
      } else if (size > open + validate && stock.room > 0 && stock.pace.allows(open, this.#watch.now)) stock.open();
      else break;
    }
    this.#rest();
  }

  /** @internal */
  offer(entry: Entry<C>, isFresh?: boolean): void {
    this.#free(entry, isFresh);
  }

  /** @internal */
  takeBack(entry: Entry<C>, how: ReleaseOptions): void {
    this.#free(entry, false, how);
  }

  // The one place where connections change hands. In one piece: V8 compiles it once, and leaves the room that a caller has for
  // what it inlines to the way of a lease.
  #free(entry: Entry<C>, isFresh: boolean | undefined, back?: ReleaseOptions): void {
    const stock = this.#stock;
    const line = this.#line;
    const watch = this.#watch;
    const wasWanted = line.size > 0;
    if (back) {
      // While others are lent, all of this may take its time.
      if (wasWanted || stock.entries.size - stock.idle.length === 1) watch.readUnlessAt(entry.leasedAt);
      else watch.read();
      this.#tell?.({ type: "release", connection: entry.id, owner: entry.owner });
      entry.owner = entry.stack = undefined;
      entry.leakAt = Infinity;
      if (back.broken) stock.pace.lost(back.refusal, watch.now);
    }
    const waiter = isFresh ? line.first : line.firstPooled;
    const fault = back?.broken ? "broken" : back?.dirty ? "dirty" : stock.faultOf(entry);
    if (fault) stock.close(entry, fault);
    // The first in line wants a new one, and only a close makes room for it.
    else if (waiter !== line.first && stock.entries.size >= stock.max) stock.close(entry, "surplus");
    else if (waiter) {
      const waitedMs = watch.now - waiter.since;
      line.waitedMs += waitedMs;
      line.remove(waiter);
      waiter.resolve(this.#lend(entry, waiter.options, waiter.stack, waitedMs));
    } else stock.keep(entry);
    if (!back) return;
    if (wasWanted) stock.pace.served++;
    // A connection that only changed hands, or only came back, serves nobody else and leaves the timer right.
    const isLast = wasWanted && line.size === 0;
    if (isLast || this.#options.leakMs > 0 || stock.under.close > 0 || stock.idleUntil < watch.dueAt) this.#rest();
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, stack: Stack, waitedMs: number): Lease<C> {
    const lease = lend(entry, options, stack, this.#watch.now);
    if (this.#isWatched && this.#stock.lent(entry, waitedMs)) this.#rest();
    return lease;
  }

  /** @internal */
  letGo(entry: Entry<C>): void {
    this.#watch.read();
    entry.owner = undefined;
    this.#stock.remove(entry, "detached");
    this.pump();
  }

  /**
   * Most failed opens are worth retrying until the timeout. A wrong password or a bug is not: the first in line gets the error
   * immediately; all do if no other connection is left that could serve them.
   * @internal
   */
  despair(error: unknown): void {
    const stock = this.#stock;
    if (!(error instanceof TypeError) && (error as DbError | undefined)?.retryable !== false) return;
    for (const waiter of this.#line) {
      this.#line.reject(waiter, error);
      if (stock.entries.size + stock.under.open + stock.under.close > 0) return;
    }
  }

  /**
   * Forgets who waits, without a word: they are gone, and so is all that they wait for.
   * @internal
   */
  abandon(): void {
    for (const waiter of this.#line) this.#line.remove(waiter);
  }

  #onTimer(lostMs: number, before: number): void {
    const { now } = this.#watch;
    for (const each of [...this.#line, ...this.#stock.calls.all]) if (each.since <= before) each.since -= lostMs;
    this.#drain.advance(lostMs);
    this.#line.due(now, (waiter) => this.#line.reject(waiter, refusal("POOL_TIMEOUT", this.#view, now - waiter.since)));
    this.#stock.newest();
    this.pump();
  }

  /** Finishes a pass: ends `dispose()` when all is done, and sets the timer for what is left. */
  #rest(): void {
    const watch = this.#watch;
    const line = this.#line;
    const stock = this.#stock;
    const { under } = stock;
    watch.read();
    // First: what is given up affects the rest.
    const isPaced = (): boolean => line.size > under.open + under.validate && stock.room > 0;
    const overdueAt = stock.calls.overdue(isPaced() ? undefined : line.first);
    this.#drain.settle(stock.entries.size + under.close === 0, watch.now);
    const dueAt = Math.min(
      overdueAt,
      this.#options.leakMs > 0 ? stock.leaks() : Infinity,
      line.dueAt,
      isPaced() ? stock.pace.nextAt : Infinity,
      stock.idleUntil,
      this.#drain.dueAt,
    );
    watch.arm(dueAt, line.size > 0 || this.#drain.isWaiting);
  }

  #stack(options: AcquireOptions | undefined): Stack {
    return options?.stack ?? (this.#hasStacks ? new Error("acquired") : undefined);
  }
}
