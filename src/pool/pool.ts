import { systemClock } from "../clock.ts";
import type { MaybePromise } from "../contract/adapter.ts";
import type { PoolEvent } from "../contract/events.ts";
import type { DbError } from "../errors.ts";
import { waited } from "./deadlock.ts";
import type { Entry } from "./entry.ts";
import { type AcquireOptions, type Lease, PoolLease, type ReleaseOptions } from "./lease.ts";
import {
  type CheckedPoolOptions,
  type ConnectionPoolOptions,
  checkNumber,
  checkPoolOptions,
  type PoolOptions,
} from "./options.ts";
import { checkPlace, type Place, refusal } from "./refusal.ts";
import { pools } from "./registry.ts";
import type { PoolSource } from "./source.ts";
import { type PoolStats, statsOf } from "./stats.ts";
import { Stock } from "./stock.ts";
import { type Tell, teller } from "./teller.ts";
import { WaitLine, type Waiter } from "./wait-line.ts";
import { Watch } from "./watch.ts";

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

/** Releases in a row that may go without a reading of the clock. */
const UNREAD_RELEASES = 64;

/**
 * Lends connections, or any other resource, to one caller at a time: at most `max` are open, idle ones are lent newest
 * first, callers served first come first served. No I/O, no timer and no random number before the first `acquire()`.
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
  readonly #watch: Watch;
  readonly #stock: Stock<C>;
  readonly #line: WaitLine<C> = new WaitLine<C>(() => this.#rest());
  readonly #place: Place;
  readonly #drains: (() => void)[] = [];
  #drainUntil = 0;
  #unread = 0;

  /** @throws TypeError for a wrong option, naming it. */
  constructor(source: PoolSource<C>, options: ConnectionPoolOptions = {}) {
    const { runtime, stacks = false, name = "pool", onEvent } = options;
    this.name = name;
    this.#hasStacks = stacks;
    this.#tell = teller(onEvent);
    this.#options = checkPoolOptions(options, runtime?.maxConnections);
    // When the clock was set back, it is not known any more how long anything was idle.
    const onJumpBack = (): void => this.#stock.closeIdle("idle");
    this.#watch = new Watch(runtime?.clock ?? systemClock, () => this.#onTimer(), onJumpBack);
    this.#stock = new Stock(this, source, this.#options, this.#watch, this.#tell);
    this.#place = { name, options: this.#options, stock: this.#stock, line: this.#line };
  }

  /** The pools of all databases, in numbers: `pools()`. */
  static get POOLS(): ReadonlyMap<string, PoolStats> {
    return pools();
  }

  /**
   * Borrows one connection; waits in line when all are busy. First come, first served.
   *
   * @returns a lease; call `release()` once, on every path.
   * @throws DbError `POOL_TIMEOUT` | `POOL_FULL` | `POOL_CLOSED` | `POOL_DEADLOCK`; or, unchanged, the signal's own reason,
   *   or an error of `open()` that waiting cannot heal.
   */
  acquire(options?: AcquireOptions): Promise<Lease<C>> {
    const lease = this.tryAcquire(options);
    if (lease) return Promise.resolve(lease);
    return new Promise((resolve, reject) => this.#queue(options, resolve, reject));
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

  /** Borrows a connection for the time of `work`, and gives what `work` gives. */
  async use<T>(work: (connection: C) => MaybePromise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(options);
    try {
      return await work(lease.connection);
    } finally {
      lease.release();
    }
  }

  /** Ends this generation: idle connections are closed now, lent ones at their release. */
  invalidate(): void {
    this.#watch.read();
    this.#stock.endGeneration();
    this.pump();
  }

  /** How things stand, and what happened so far. */
  stats(): PoolStats {
    return statsOf(this.#place);
  }

  /**
   * Ends the pool: those in line get `POOL_CLOSED`, idle connections are closed now, lent ones at their release.
   *
   * @param options.timeoutMs - longest wait for leases, in milliseconds. Default: none.
   * @returns when every connection is closed, or the time is over.
   */
  dispose({ timeoutMs = Infinity }: { timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#drainUntil = this.#watch.read() + checkNumber("timeoutMs", timeoutMs);
    this.#stock.isDisposed = true;
    const error = refusal("POOL_CLOSED", this.#place);
    for (const waiter of this.#line) this.#line.reject(waiter, error);
    this.#stock.abort(error);
    this.#stock.closeIdle("disposed");
    return new Promise((resolve) => {
      this.#drains.push(resolve);
      this.#rest();
    });
  }

  #queue(
    options: AcquireOptions | undefined,
    resolve: (lease: Lease<C>) => void,
    reject: (error: unknown) => void,
  ): void {
    const { max, acquireTimeoutMs } = this.#options;
    const { entries, idle, pace } = this.#stock;
    const line = this.#line;
    const owner = options?.owner;
    const stack = this.#stack(options);
    options?.signal?.throwIfAborted();
    checkPlace(this.#place, owner, stack);
    const waiter: Waiter<C> = {
      since: this.#watch.read(),
      timeoutMs: options?.timeoutMs === undefined ? acquireTimeoutMs : checkNumber("timeoutMs", options.timeoutMs),
      options,
      stack,
      resolve,
      reject,
      onAbort: undefined,
      ahead: undefined,
      behind: undefined,
    };
    if (line.size === 0) pace.narrow();
    if (owner) waited.add(this.#place);
    line.push(waiter);
    this.#tell?.({ type: "wait", owner, waiting: line.size });
    if (entries.size < max || idle.length > 0) this.pump();
    else this.#watch.arm(line.dueAt);
  }

  /**
   * Serves whom it can: from what is idle, else by opening more. Whatever changes ends with it.
   * @internal
   */
  pump(): void {
    const stock = this.#stock;
    for (;;) {
      const { open, validate } = stock.under;
      const { size } = this.#line;
      const entry =
        size > validate && (this.#line.firstPooled || stock.entries.size >= this.#options.max) && stock.newest();
      if (entry) {
        stock.idle.pop();
        if (stock.isTrusted(entry)) this.offer(entry);
        else stock.check(entry);
      } else if (size > open + validate && stock.hasRoom && stock.pace.allows(open, this.#watch.now)) stock.open();
      else break;
    }
    this.#rest();
  }

  /**
   * A connection is free. The one place where connections change hands.
   * @internal
   */
  offer(entry: Entry<C>, isFresh = false): void {
    const { first } = this.#line;
    const waiter = isFresh ? first : this.#line.firstPooled;
    const fault = this.#stock.faultOf(entry);
    if (fault) this.#stock.close(entry, fault);
    // Whoever is first wants a fresh one, for which only a close makes room.
    else if (waiter !== first && this.#stock.entries.size >= this.#options.max) this.#stock.close(entry, "surplus");
    else if (waiter) {
      const waitedMs = this.#watch.now - waiter.since;
      this.#line.waitedMs += waitedMs;
      this.#line.remove(waiter);
      waiter.resolve(this.#lend(entry, waiter.options, waiter.stack, waitedMs));
    } else this.#stock.keep(entry);
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, stack: string | undefined, waitedMs: number): Lease<C> {
    const { leakMs } = this.#options;
    const { now } = this.#watch;
    entry.uses++;
    entry.isLent = true;
    entry.leasedAt = now;
    entry.owner = options?.owner;
    entry.stack = stack;
    this.#tell?.({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    if (leakMs > 0) {
      entry.leakAt = now + leakMs;
      this.#rest();
    }
    return new PoolLease(entry);
  }

  /** @internal */
  takeBack(entry: Entry<C>, how: ReleaseOptions | undefined): void {
    // A reading of the clock costs as much as the rest of a release. It is left out after leases that took no measurable
    // time, and never for long. The connection is then taken to be idle since the last reading: a lease that was long
    // after all makes it look idle for longer than it is, never for less.
    const isUnread = this.#watch.now === entry.leasedAt && --this.#unread > 0;
    if (!isUnread) this.#unread = this.#watch.read() === entry.leasedAt ? UNREAD_RELEASES : 0;
    this.#tell?.({ type: "release", connection: entry.id, owner: entry.owner });
    entry.owner = entry.stack = undefined;
    entry.leakAt = Infinity;
    const stock = this.#stock;
    const wasWanted = this.#line.size > 0;
    if (how?.broken) stock.pace.narrow();
    if (how?.broken || how?.dirty) stock.close(entry, how.broken ? "broken" : "dirty");
    else this.offer(entry);
    if (wasWanted) stock.pace.served++;
    // A connection that only changed hands leaves nothing to do for those who still wait.
    if (this.#options.leakMs > 0 || (wasWanted && (!entry.isLent || this.#line.size === 0))) this.pump();
  }

  /** @internal */
  letGo(entry: Entry<C>): void {
    this.#watch.read();
    entry.owner = undefined;
    this.#stock.remove(entry, "detached");
    this.pump();
  }

  /**
   * Waiting heals most failures of an open, and is bounded. It does not heal a wrong password or a bug: the first in line is
   * told at once; all are, when no other connection is left that could serve them.
   * @internal
   */
  despair(error: unknown): void {
    const { entries, under } = this.#stock;
    if (!(error instanceof TypeError) && (error as DbError | undefined)?.retryable !== false) return;
    for (const waiter of this.#line) {
      this.#line.reject(waiter, error);
      if (entries.size + under.open + under.close > 0) return;
    }
  }

  #onTimer(): void {
    const now = this.#watch.read();
    this.#line.due(now, (waiter) =>
      this.#line.reject(waiter, refusal("POOL_TIMEOUT", this.#place, now - waiter.since)),
    );
    this.pump();
  }

  /** Nothing more can be done now: ends `dispose()` when all is done, and sets the timer for what is left. */
  #rest(): void {
    // First: what is given up on changes the rest.
    let dueAt = this.#stock.overdue();
    const { entries, under, hasRoom, pace } = this.#stock;
    const { size } = this.#line;
    dueAt = Math.min(dueAt, this.#line.dueAt);
    if (size === 0) waited.delete(this.#place);
    else if (hasRoom && size > under.open + under.validate) dueAt = Math.min(dueAt, pace.nextAt);
    if (this.#drains.length > 0) {
      const isDone = entries.size + under.close === 0 || this.#drainUntil <= this.#watch.now;
      if (!isDone) dueAt = Math.min(dueAt, this.#drainUntil);
      else for (const resolve of this.#drains.splice(0)) resolve();
    }
    this.#watch.arm(dueAt);
  }

  #stack(options: AcquireOptions | undefined): string | undefined {
    return options?.stack ?? (this.#hasStacks ? new Error("acquired").stack : undefined);
  }
}
