import type { Clock, Runtime } from "../../contract/runtime.ts";
import type { DbError } from "../../errors.ts";
import { waited } from "../../pool/deadlock.ts";
import type { Entry } from "../../pool/entry.ts";
import { type AcquireOptions, type Lease, PoolLease, type ReleaseOptions } from "../../pool/lease.ts";
import {
  type CheckedPoolOptions,
  type ConnectionPoolOptions,
  checkNumber,
  checkPoolOptions,
} from "../../pool/options.ts";
import { checkPlace, type Place, refusal } from "../../pool/refusal.ts";
import type { Pool } from "../../pool/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";
import { type PoolStats, statsOf } from "../../pool/stats.ts";
import { type Keeper, Stock } from "../../pool/stock.ts";
import { type Tell, teller } from "../../pool/teller.ts";
import { Watch } from "../../pool/watch.ts";
import { BoundedSource } from "./bounded-source.ts";
import { createWaiter, isThere, Queue, sleep, type Waiter } from "./queue.ts";

/** How often a waiter looks for itself: where it can be woken, only for the case that whoever was woken is gone. */
const BEAT_MS = { awake: 10, wakened: 100 };
/** A request that was cut off gives nothing back: from then on, its place is somebody else's. */
const LONGEST_LEASE_MS = 60_000;
/** By then, a call has ended by its own timer, unless its request was cut off. */
const LATE_MS = 5_000;

/**
 * Lends connections that are plain data to the requests of one isolate, each of which does its own I/O.
 *
 * No request hands anything to another: what comes back lies idle, and whoever is first in line is woken at most, and takes
 * it in its own request. It opens, validates and closes in there, with timers of its own. Nothing here waits for a request
 * that may be cut off: what it took is given up on when its time is over.
 */
export class IsolatePool<C> implements Pool<C>, Keeper<C, Waiter<C>> {
  readonly name: string;
  readonly #source: BoundedSource<C>;
  readonly #options: CheckedPoolOptions;
  readonly #clock: Clock;
  readonly #canWake: () => boolean;
  readonly #tell: Tell;
  readonly #watch: Watch;
  readonly #stock: Stock<C, Waiter<C>>;
  readonly #line: Queue<C> = new Queue<C>();
  readonly #place: Place;
  readonly #holders: Map<Entry<C>, AcquireOptions | undefined> = new Map();

  /** @param canWake - whether a promise may be settled from another request. */
  constructor(
    source: PoolSource<C>,
    options: ConnectionPoolOptions & { readonly runtime: Runtime },
    canWake: () => boolean,
  ) {
    const { runtime, name = "pool", onEvent } = options;
    this.name = name;
    this.#options = checkPoolOptions(options, runtime.maxConnections);
    this.#source = new BoundedSource(source, name, this.#options.openTimeoutMs, runtime.clock);
    this.#clock = runtime.clock;
    this.#canWake = canWake;
    this.#tell = teller(onEvent);
    const stockOptions = { ...this.#options, openTimeoutMs: this.#options.openTimeoutMs + LATE_MS };
    // Its timer is never set: it would be that of a request, and end with it.
    const onJumpBack = (): void => this.#stock.closeIdle("idle");
    this.#watch = new Watch(runtime.clock, () => undefined, onJumpBack);
    this.#stock = new Stock<C, Waiter<C>>(this, this.#source, stockOptions, this.#watch, this.#tell);
    this.#place = { name, options: this.#options, stock: this.#stock, line: this.#line };
  }

  /** As `ConnectionPool.acquire()`. */
  async acquire(options: AcquireOptions = {}): Promise<Lease<C>> {
    return this.tryAcquire(options) ?? this.#wait(options);
  }

  /** As `ConnectionPool.tryAcquire()`. */
  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    if (this.#stock.idle.length === 0 || this.#line.size > 0) return undefined;
    if (options?.usePool === false || options?.signal?.aborted) return undefined;
    this.#watch.read();
    return this.#source.for(options, () => {
      const entry = this.#stock.newest();
      if (!entry || !this.#stock.isTrusted(entry)) return undefined;
      this.#stock.idle.pop();
      return this.#lend(entry, options, 0);
    });
  }

  /** As `ConnectionPool.invalidate()`. */
  invalidate(caller?: Pick<AcquireOptions, "waitUntil">): void {
    this.#watch.read();
    this.#source.for(caller, () => this.#stock.endGeneration());
    this.pump();
  }

  stats(): PoolStats {
    this.#watch.read();
    this.#forget();
    return statsOf(this.#place);
  }

  /** As `ConnectionPool.dispose()`. */
  async dispose({ timeoutMs = Infinity }: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    const until = this.#watch.read() + checkNumber("timeoutMs", timeoutMs);
    const { entries, under } = this.#stock;
    this.#stock.isDisposed = true;
    for (const { wake } of this.#line) if (this.#canWake()) wake?.();
    this.#stock.abort(refusal("POOL_CLOSED", this.#place));
    this.#stock.closeIdle("disposed");
    while (entries.size + under.close > 0 && this.#watch.read() < until) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 1));
      this.#forget();
    }
  }

  async #wait(options: AcquireOptions): Promise<Lease<C>> {
    const { owner, signal, timeoutMs = this.#options.acquireTimeoutMs } = options;
    signal?.throwIfAborted();
    checkPlace(this.#place, owner, options.stack);
    const since = this.#watch.read();
    const waiter = createWaiter<C>(options, since, checkNumber("timeoutMs", timeoutMs));
    if (owner) waited.add(this.#place);
    this.#line.add(waiter);
    this.#line.waits++;
    this.#tell?.({ type: "wait", owner, waiting: this.#line.size });
    try {
      return await this.#turn(waiter);
    } finally {
      this.#leave(waiter);
    }
  }

  /** Waits for its turn, and takes it: all of it in the waiter's own request. */
  async #turn(waiter: Waiter<C>): Promise<Lease<C>> {
    const { since, timeoutMs, options } = waiter;
    for (;;) {
      const now = this.#watch.read();
      waiter.dueAt = now;
      const lease = this.#source.for(options, () => this.#claim(waiter, now));
      if (lease) return lease;
      const leftMs = since + timeoutMs - now;
      if (leftMs <= 0) throw refusal("POOL_TIMEOUT", this.#place, now - since);
      const beatMs = this.#canWake() ? BEAT_MS.wakened : BEAT_MS.awake * (1 + 1.5 * Math.random());
      const { room, pace } = this.#stock;
      const isPaced = !waiter.isCalling && this.#line.isTurn(waiter, room, now);
      const pauseMs = Math.ceil(Math.max(Math.min(leftMs, beatMs, isPaced ? pace.nextAt - now : Infinity), 1));
      waiter.dueAt = now + pauseMs;
      await sleep(waiter, pauseMs, this.#clock);
      options.signal?.throwIfAborted();
    }
  }

  #claim(waiter: Waiter<C>, now: number): Lease<C> | undefined {
    const stock = this.#stock;
    const { given, failure, isCalling, options, since } = waiter;
    if (failure) throw failure.error;
    if (stock.isDisposed) throw refusal("POOL_CLOSED", this.#place);
    waiter.given = undefined;
    if (given) return this.#lend(given, options, now - since);
    this.#forget();
    if (isCalling || !this.#line.isTurn(waiter, stock.idle.length + stock.room, now)) return undefined;
    const isFresh = options.usePool === false;
    const entry = isFresh ? undefined : stock.newest();
    if (entry) {
      stock.idle.pop();
      if (stock.isTrusted(entry)) return this.#lend(entry, options, now - since);
      waiter.isCalling = true;
      stock.check(entry, waiter);
      return undefined;
    }
    // Whoever wants a fresh one takes the place of one that is idle.
    if (isFresh && !stock.hasRoom && stock.idle.length > 0) stock.close(stock.idle.shift()!, "surplus");
    if (!stock.hasRoom || !stock.pace.allows(stock.under.open, now)) return undefined;
    waiter.isCalling = true;
    stock.open(waiter);
    return undefined;
  }

  #leave(waiter: Waiter<C>): void {
    this.#line.delete(waiter);
    this.#forget();
    const { given } = waiter;
    if (given) this.#source.for(waiter.options, () => this.offer(given));
    this.pump();
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, waitedMs: number): Lease<C> {
    this.#line.waitedMs += waitedMs;
    entry.uses++;
    entry.isLent = true;
    entry.leasedAt = this.#watch.now;
    entry.owner = options?.owner;
    entry.stack = options?.stack;
    if (this.#options.leakMs > 0) entry.leakAt = entry.leasedAt + this.#options.leakMs;
    this.#holders.set(entry, options);
    this.#tell?.({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    return new PoolLease(entry);
  }

  /** @internal */
  takeBack(entry: Entry<C>, how: ReleaseOptions | undefined): void {
    this.#watch.read();
    this.#tell?.({ type: "release", connection: entry.id, owner: entry.owner });
    const stock = this.#stock;
    const holder = this.#holders.get(entry);
    this.#holders.delete(entry);
    entry.owner = entry.stack = undefined;
    entry.leakAt = Infinity;
    if (how?.broken) stock.pace.narrow();
    this.#source.for(holder, () => {
      // It had been given up on, and is nobody's any more.
      if (!stock.entries.has(entry)) void this.#source.close(entry.connection).catch(() => undefined);
      else if (how?.broken || how?.dirty) stock.close(entry, how.broken ? "broken" : "dirty");
      else this.offer(entry);
    });
    this.pump();
  }

  /** @internal */
  letGo(entry: Entry<C>): void {
    this.#holders.delete(entry);
    entry.owner = undefined;
    if (this.#stock.entries.has(entry)) this.#stock.remove(entry, "detached");
    this.pump();
  }

  /** @internal A connection is free: it is whose who opened it, or idle. */
  offer(entry: Entry<C>, _isFresh?: boolean, asker?: Waiter<C>): void {
    const fault = this.#stock.faultOf(entry);
    if (fault) this.#stock.close(entry, fault);
    else if (asker && this.#line.has(asker)) asker.given = entry;
    else this.#stock.keep(entry);
  }

  /** @internal An open failed. Whom waiting cannot help is told: all, when no other connection is left to serve them. */
  despair(error: unknown, asker?: Waiter<C>): void {
    if (!(error instanceof TypeError) && (error as DbError | undefined)?.retryable !== false) return;
    const { entries, under } = this.#stock;
    const isLast = entries.size + under.open + under.close === 0;
    for (const waiter of this.#line) if (isLast || waiter === asker) waiter.failure = { error };
  }

  /** @internal Something has ended. Whoever is next finds out by itself; where that is possible, it is woken. */
  pump(asker?: Waiter<C>): void {
    const { now } = this.#watch;
    if (asker) {
      asker.isCalling = false;
      // Its call has ended in its own request, unless it was given up on: then the request is gone.
      if (isThere(asker, now)) asker.wake?.();
    }
    const { idle, hasRoom } = this.#stock;
    if (this.#line.size === 0 || (idle.length === 0 && !hasRoom) || !this.#canWake()) return;
    const next = this.#line.wanting(now).next().value;
    if (!next?.wake) return;
    next.dueAt = now;
    next.wake();
    next.wake = undefined;
  }

  /** Gives up on what requests that were cut off have left: calls, places in line, leases. */
  #forget(): void {
    const stock = this.#stock;
    const { now } = this.#watch;
    try {
      stock.overdue();
    } catch {
      // A workerd from before autumn 2026 lets no other request abort the call; the pool has let go of it already.
    }
    for (const waiter of this.#line.prune(now)) {
      const { given } = waiter;
      waiter.given = undefined;
      if (given) this.offer(given);
    }
    if (this.#line.size === 0) waited.delete(this.#place);
    for (const entry of this.#holders.keys()) {
      if (entry.leasedAt >= now - LONGEST_LEASE_MS) continue;
      this.#holders.delete(entry);
      stock.remove(entry, "broken");
    }
  }
}
