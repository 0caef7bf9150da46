import { systemClock } from "../clock.ts";
import type { CloseReason, PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";
import { isDbError } from "../errors.ts";
import { type Holding, isDeadlock, noteWaiting } from "./deadlock.ts";
import type { Entry } from "./entry.ts";
import { type AcquireOptions, type Lease, PoolLease, type ReleaseOptions } from "./lease.ts";
import { type CheckedPoolOptions, checkNumber, checkPoolOptions, type PoolOptions } from "./options.ts";
import { poolClosed, poolDeadlock, poolFull, poolTimeout } from "./refusal.ts";
import { pools } from "./registry.ts";
import type { PoolSource } from "./source.ts";
import type { PoolStats } from "./stats.ts";
import { type Keeper, Stock } from "./stock.ts";
import { WaitLine, Waiter } from "./wait-line.ts";
import { Watch } from "./watch.ts";

export type { AcquireOptions, Lease, PoolEvent, PoolOptions, PoolSource, PoolStats, ReleaseOptions };

/** Releases in a row that may go without a reading of the clock. */
const UNREAD_RELEASES = 64;

export interface ConnectionPoolOptions extends PoolOptions {
  /** Its clock, and its default of `max`. Default: the system's clock, and 10. */
  readonly runtime?: Runtime | undefined;
  /** Told what happens; what it throws is ignored. */
  readonly onEvent?: ((event: PoolEvent) => void) | undefined;
  /** Keep the stack of every acquire for leak and deadlock reports; costs microseconds each. Default `false`. */
  readonly stacks?: boolean | undefined;
  /** For messages. Default `"pool"`. */
  readonly name?: string | undefined;
}

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
  readonly #emit: ((event: PoolEvent) => void) | undefined;
  readonly #watch: Watch;
  readonly #stock: Stock<C>;
  readonly #line: WaitLine<C> = new WaitLine<C>();
  readonly #holding: Holding;
  readonly #drains = new Set<{ readonly until: number; readonly resolve: () => void }>();
  #waits = 0;
  #waitedMs = 0;
  #unread = 0;

  /** @throws TypeError for a wrong source or option, naming it. */
  constructor(source: PoolSource<C>, options: ConnectionPoolOptions = {}) {
    const { runtime, onEvent, stacks = false, name = "pool" } = options;
    if (typeof source?.open !== "function" || typeof source.close !== "function") {
      throw new TypeError(`Expected \`source\` to have methods \`open\` and \`close\`, got \`${String(source)}\``);
    }
    this.name = name;
    this.#hasStacks = stacks;
    this.#options = checkPoolOptions(options, runtime?.maxConnections);
    this.#emit = onEvent && ((event) => tell(onEvent, event));
    const onJumpBack = (): void => this.#stock.closeIdle("idle"); // No age is known any more.
    this.#watch = new Watch(runtime?.clock ?? systemClock, () => this.#onTimer(), onJumpBack);
    const keeper: Keeper<C> = {
      release: (entry, how) => this.#release(entry, how),
      detach: (entry) => this.#detach(entry),
      offer: (entry, isFresh) => this.#offer(entry, isFresh),
      openFailed: (error) => this.#openFailed(error),
      pump: () => this.#pump(this.#watch.read()),
    };
    this.#stock = new Stock(source, this.#options, this.#watch, this.#emit, keeper);
    this.#holding = { max: this.#options.max, entries: this.#stock.entries, line: this.#line };
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
    if (lease !== undefined) return Promise.resolve(lease);
    return new Promise((resolve, reject) => this.#queue(options, resolve, reject));
  }

  /** Borrows an idle connection that needs no validation, at once; `undefined` when there is none, or others wait. */
  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    const stock = this.#stock;
    if (stock.idle.length === 0 || this.#line.size > 0) return undefined;
    if (options !== undefined && (options.usePool === false || options.signal?.aborted === true)) return undefined;
    const now = this.#watch.read();
    const entry = stock.newest(now);
    if (entry === undefined || !stock.isTrusted(entry, now)) return undefined;
    stock.idle.pop();
    return this.#lend(entry, options, this.#stack(), 0);
  }

  /** Borrows a connection for the time of `work`, and gives what `work` gives. */
  async use<T>(work: (connection: C) => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(options);
    try {
      return await work(lease.connection);
    } finally {
      lease.release();
    }
  }

  /** Ends this generation: idle connections are closed now, lent ones at their release. */
  invalidate(): void {
    this.#stock.endGeneration();
    this.#pump(this.#watch.read());
  }

  stats(): PoolStats {
    const { entries, busy, idle, opening, opened, closed } = this.#stock;
    return {
      max: this.#options.max,
      open: entries.size,
      busy,
      idle: idle.length,
      opening: opening.size,
      waiting: this.#line.size,
      opened,
      closed: { ...closed },
      waits: this.#waits,
      waitedMs: this.#waitedMs,
    };
  }

  /**
   * Ends the pool: those in line get `POOL_CLOSED`, idle connections are closed now, lent ones at their release.
   *
   * @param options.timeoutMs - longest wait for leases, in milliseconds. Default: none.
   * @returns when every connection is closed, or the time is over.
   */
  async dispose({ timeoutMs = Infinity }: { timeoutMs?: number | undefined } = {}): Promise<void> {
    const until = this.#watch.read() + checkNumber("timeoutMs", timeoutMs);
    const stock = this.#stock;
    stock.isDisposed = true;
    for (const waiter of this.#line) this.#reject(waiter, poolClosed(this.name));
    stock.closeIdle("disposed");
    for (const step of [...stock.opening, ...stock.checking]) step.giveUp(poolClosed(this.name));
    await new Promise<void>((resolve) => {
      this.#drains.add({ until, resolve });
      this.#rest();
    });
  }

  #queue(options: AcquireOptions | undefined, resolve: (lease: Lease<C>) => void, reject: (error: unknown) => void): void {
    const line = this.#line;
    const { max, maxWaiting, acquireTimeoutMs } = this.#options;
    options?.signal?.throwIfAborted();
    if (this.#stock.isDisposed) throw poolClosed(this.name);
    const timeoutMs = checkNumber("timeoutMs", options?.timeoutMs ?? acquireTimeoutMs);
    // Whoever a place can serve that is not lent out does not count as waiting.
    if (line.size >= maxWaiting + max - this.#stock.busy) throw poolFull(line.size, maxWaiting, max);
    const now = this.#watch.read();
    if (line.size === 0) this.#stock.pace.begin(now);
    const waiter = new Waiter(now, timeoutMs, options, this.#stack(), resolve, reject, this.#onAbort);
    line.push(waiter);
    this.#pump(now);
    if (line.tail === waiter) this.#wait(waiter);
  }

  /** What is due for a caller that could not be served at once. */
  #wait(waiter: Waiter<C>): void {
    const owner = waiter.options?.owner;
    if (owner !== undefined) {
      if (isDeadlock(this.#holding, owner)) return this.#reject(waiter, poolDeadlock(this.#holding, waiter.stack));
      noteWaiting(this.#holding, true);
    }
    this.#waits++;
    this.#emit?.({ type: "wait", owner, waiting: this.#line.size });
    if (waiter.timeoutMs === 0) this.#onTimer();
  }

  readonly #onAbort = (waiter: Waiter<C>, reason: unknown): void => {
    this.#reject(waiter, reason);
    this.#rest();
  };

  #reject(waiter: Waiter<C>, error: unknown): void {
    this.#leave(waiter);
    waiter.reject(error);
  }

  #leave(waiter: Waiter<C>): void {
    this.#line.remove(waiter);
    if (this.#line.size === 0) noteWaiting(this.#holding, false);
  }

  /** Serves who can be served: from what is idle, else by opening more. Whatever changes calls it; it never waits. */
  #pump(now: number): void {
    const { idle, opening, checking } = this.#stock;
    for (;;) {
      const { size, fresh } = this.#line;
      const entry = size - fresh > checking.size ? this.#stock.newest(now) : undefined;
      const alone = size - opening.size - checking.size;
      if (entry !== undefined) {
        idle.pop();
        if (this.#stock.isTrusted(entry, now)) this.#offer(entry, false);
        else this.#stock.check(entry);
      } else if (alone > 0 && this.#hasRoom() && this.#stock.pace.allows(opening.size, alone, now)) this.#stock.open();
      else break;
    }
    this.#rest();
  }

  #hasRoom(): boolean {
    if (this.#isRoomWanted && this.#stock.idle.length > 0) this.#stock.close(this.#stock.idle.shift()!, "surplus");
    return this.#stock.taken < this.#options.max;
  }

  /** The first in line wants a fresh connection, and nothing is under way that would make room for it. */
  get #isRoomWanted(): boolean {
    const { taken, opening, checking, closing } = this.#stock;
    return this.#line.head?.isFresh === true && taken >= this.#options.max && opening.size + checking.size + closing.size === 0;
  }

  /** A connection is free: for the first in line, else to be kept. The one place where connections change hands. */
  #offer(entry: Entry<C>, isFresh: boolean): void {
    const waiter = isFresh ? this.#line.head : this.#line.firstPooled;
    if (waiter === undefined) return this.#stock.keep(entry);
    this.#leave(waiter);
    const waitedMs = this.#watch.now - waiter.since;
    this.#waitedMs += waitedMs;
    waiter.resolve(this.#lend(entry, waiter.options, waiter.stack, waitedMs));
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, stack: string | undefined, waitedMs: number): Lease<C> {
    entry.uses++;
    entry.leasedAt = this.#watch.now;
    entry.owner = options?.owner;
    entry.stack = stack;
    entry.lease = new PoolLease(entry);
    this.#emit?.({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    if (this.#options.leakMs > 0) {
      entry.leakAt = entry.leasedAt + this.#options.leakMs;
      this.#rest();
    }
    return entry.lease;
  }

  #release(entry: Entry<C>, how: ReleaseOptions | undefined): void {
    const line = this.#line;
    const stock = this.#stock;
    const { owner } = entry;
    this.#readIfLong(entry);
    this.#forget(entry);
    this.#emit?.({ type: "release", connection: entry.id, owner });
    const reason = this.#faultOf(entry, how);
    if (reason !== undefined) {
      if (reason === "broken") stock.pace.doubt();
      stock.close(entry, reason);
      this.#pump(this.#watch.now);
    } else if (line.size > 0) {
      stock.pace.served++;
      this.#offer(entry, false);
      if (line.size === 0) this.#rest();
    } else stock.keep(entry);
  }

  /** Why a connection that comes back is not lent again. */
  #faultOf(entry: Entry<C>, how: ReleaseOptions | undefined): CloseReason | undefined {
    if (how?.broken) return "broken";
    if (how?.dirty) return "dirty";
    if (this.#stock.isDisposed) return "disposed";
    if (entry.generation !== this.#stock.generation) return "stale";
    if (entry.uses >= this.#options.maxUses) return "uses";
    if (this.#watch.now >= entry.expiresAt) return "lifetime";
    return this.#isRoomWanted ? "surplus" : undefined;
  }

  // A reading of the clock costs as much as all the rest of a release. It is left out after a run of leases that took no
  // measurable time, and never for long. The connection is then taken to be idle since the last reading: a lease that
  // was long after all makes it look idle for longer than it is, never for less.
  #readIfLong(entry: Entry<C>): void {
    if (this.#watch.now === entry.leasedAt && this.#unread > 0) this.#unread--;
    else this.#unread = this.#watch.read() === entry.leasedAt ? UNREAD_RELEASES : 0;
  }

  #detach(entry: Entry<C>): void {
    this.#forget(entry);
    this.#stock.remove(entry, "detached");
    this.#pump(this.#watch.read());
  }

  #forget(entry: Entry<C>): void {
    entry.owner = undefined;
    entry.stack = undefined;
    if (entry.leakAt === Infinity) return;
    entry.leakAt = Infinity;
    this.#rest();
  }

  // Waiting heals most failures of an open, and the deadline of each waiter bounds it. It does not heal a wrong password or
  // a bug: the first in line is told at once; all are, when there is no other connection that could serve them.
  #openFailed(error: unknown): void {
    if (!(error instanceof TypeError || (isDbError(error) && !error.retryable))) return;
    const isHopeless = this.#stock.taken === 0;
    for (const waiter of this.#line) {
      this.#reject(waiter, error);
      if (!isHopeless) return;
    }
  }

  #onTimer(): void {
    const now = this.#watch.read();
    const { max } = this.#options;
    for (const waiter of this.#line.due(now)) {
      const { busy, pace } = this.#stock;
      this.#reject(waiter, poolTimeout({ waitedMs: now - waiter.since, max, busy, waiting: this.#line.size }, pace.failure));
    }
    for (const entry of this.#stock.entries) if (entry.leakAt <= now) this.#tellLeak(entry, now);
    this.#stock.giveUp(now);
    this.#pump(now);
  }

  #tellLeak(entry: Entry<C>, now: number): void {
    const { id, owner, stack, leasedAt } = entry;
    entry.leakAt = Infinity;
    this.#emit?.({ type: "leak", connection: id, owner, heldMs: now - leasedAt, stack });
  }

  /** Nothing more can be done now: ends `dispose()` if all is done, and sets the timer for what is left. */
  #rest(): void {
    const { now } = this.#watch;
    const { pace, entries, closing, opening, checking, taken, dueAt: stepsDueAt } = this.#stock;
    let dueAt = Math.min(this.#line.dueAt, stepsDueAt);
    if (this.#line.size > opening.size + checking.size && taken < this.#options.max) dueAt = Math.min(dueAt, pace.nextAt);
    if (this.#options.leakMs > 0) for (const { leakAt } of entries) dueAt = Math.min(dueAt, leakAt);
    for (const drain of this.#drains) {
      if (entries.size + closing.size > 0 && drain.until > now) dueAt = Math.min(dueAt, drain.until);
      else if (this.#drains.delete(drain)) drain.resolve();
    }
    this.#watch.arm(dueAt);
  }

  #stack(): string | undefined {
    return this.#hasStacks ? new Error("acquired").stack : undefined;
  }
}

function tell(onEvent: (event: PoolEvent) => void, event: PoolEvent): void {
  try {
    onEvent(event);
  } catch {
    // A listener that throws cannot stop the pool.
  }
}
