import type { Runtime } from "../../contract/runtime.ts";
import type { DbError } from "../../errors.ts";
import type { Entry } from "../../pool/entry.ts";
import type { AcquireOptions, Lease, ReleaseOptions } from "../../pool/lease.ts";
import { type ConnectionPoolOptions, checkNumber, checkPoolOptions } from "../../pool/options.ts";
import { checkRoom, type PoolView, refusal } from "../../pool/refusal.ts";
import type { PoolSource } from "../../pool/source.ts";
import { type Keeper, Stock } from "../../pool/stock.ts";
import { type Tell, teller } from "../../pool/teller.ts";
import { Watch } from "../../pool/watch.ts";
import { BoundedSource } from "./bounded-source.ts";
import { Loans } from "./loans.ts";
import { createWaiter, type Free, isThere, Queue, type Waiter } from "./queue.ts";
import { throwIfAborted } from "../../signal.ts";

/** By then, a call has ended through its own timer, unless its request was cut off. */
const LATE_MS = 5_000;

/**
 * Where requests get connections and return them. Each method is one synchronous step of one request: what is free, who is
 * next, and which call to start for whom.
 */
export class Desk<C> implements Keeper<C, Waiter<C>> {
  readonly name: string;
  readonly view: PoolView;
  readonly watch: Watch;
  readonly stock: Stock<C, Waiter<C>>;
  readonly line: Queue<C>;
  readonly #loans: Loans<C>;
  readonly #source: BoundedSource<C>;
  readonly #canWake: () => boolean;
  readonly #tell: Tell;

  /** @param canWake - whether a promise may be settled from another request. */
  constructor(
    source: PoolSource<C>,
    options: ConnectionPoolOptions & { readonly runtime: Runtime },
    canWake: () => boolean,
  ) {
    const { runtime, name = "pool", onEvent } = options;
    const checked = checkPoolOptions(options, runtime.maxConnections);
    const { openTimeoutMs } = checked;
    this.name = name;
    this.#source = new BoundedSource(source, name, openTimeoutMs, runtime.clock);
    this.#canWake = canWake;
    // Both came with the same date.
    this.#loans = new Loans<C>(canWake);
    this.#tell = teller(onEvent);
    // What is surplus is seen here: those who wait come first.
    const stockOptions = { ...checked, openTimeoutMs: openTimeoutMs + LATE_MS, maxIdle: Infinity };
    // Its timer is never set: it would be that of a request, and end with it.
    const onSetBack = (): void => this.stock.closeIdle("idle");
    this.watch = new Watch(runtime.clock, () => undefined, onSetBack);
    this.stock = new Stock<C, Waiter<C>>(this, this.#source, stockOptions, this.watch, this.#tell);
    this.line = new Queue<C>(this.stock);
    this.view = { name, options: checked, stock: this.stock, line: this.line };
  }

  /** Lends what is idle and can be trusted, if nobody is in line for it. */
  lendAtOnce(options: AcquireOptions | undefined): Lease<C> | undefined {
    const { idle } = this.stock;
    if (idle.length === 0 || this.line.size > 0) return undefined;
    if (options?.usePool === false || options?.signal?.aborted) return undefined;
    this.watch.read();
    return this.#source.for(options, () => {
      this.#source.settle();
      const entry = this.stock.newest();
      if (!entry || !this.stock.isTrusted(entry)) return undefined;
      idle.pop();
      return this.#lend(entry, options, 0);
    });
  }

  /** @throws the signal's reason; DbError `POOL_FULL` | `POOL_CLOSED` | `POOL_DEADLOCK`: waiting would be useless. */
  join(options: AcquireOptions): Waiter<C> {
    const { owner, signal, stack, timeoutMs = this.view.options.acquireTimeoutMs } = options;
    throwIfAborted(signal);
    const now = this.watch.read();
    // Drop abandoned waiters first; with `maxWaiting: 0` nobody else would.
    this.forget();
    checkRoom(this.view, owner, stack);
    const waiter = createWaiter<C>(options, now, checkNumber("timeoutMs", timeoutMs));
    this.line.add(waiter);
    this.line.waits++;
    options.onWait?.((error) => {
      waiter.failure ??= { error };
      waiter.wake?.();
    });
    this.#tell?.({ type: "wait", owner, waiting: this.line.size });
    return waiter;
  }

  /** Gives a waiter a free connection, or starts to prepare one. */
  claim(waiter: Waiter<C>): Lease<C> | undefined {
    return this.#source.for(waiter.options, () => this.#claim(waiter, this.watch.now));
  }

  #claim(waiter: Waiter<C>, now: number): Lease<C> | undefined {
    const { stock } = this;
    const { given, failure, options, since } = waiter;
    if (failure) throw failure.error;
    if (stock.isDisposed) throw refusal("POOL_CLOSED", this.view);
    waiter.given = undefined;
    this.#source.settle();
    const fault = given && stock.faultOf(given);
    if (fault) stock.close(given, fault);
    else if (given) return this.#lend(given, options, now - since);
    this.forget();
    if (!this.line.isServed(waiter, this.#free, now)) return undefined;
    const entry = options.usePool === false ? undefined : stock.newest();
    if (entry && stock.isTrusted(entry)) {
      stock.idle.pop();
      return this.#lend(entry, options, now - since);
    }
    if (!waiter.isCalling) this.#call(waiter, entry, now);
    return undefined;
  }

  /** Starts to prepare a connection for a waiter: validates the idle one, or opens one if allowed. */
  #call(waiter: Waiter<C>, entry: Entry<C> | undefined, now: number): void {
    const { stock } = this;
    const { idle, under, pace } = stock;
    if (entry) {
      idle.pop();
      stock.check(entry, waiter);
    } else {
      // A waiter for a new connection takes the place of an idle one; a place that is freed anyway is as good.
      if (stock.room + under.close <= 0 && idle.length > 0) stock.close(idle.shift()!, "surplus");
      if (stock.room <= 0 || !pace.allows(under.open, now)) return;
      stock.open(waiter);
    }
    waiter.isCalling = true;
  }

  leave(waiter: Waiter<C>): void {
    this.line.delete(waiter);
    this.forget();
    const { given, options } = waiter;
    this.#source.for(options, () => {
      if (given) this.offer(given);
      this.pump();
    });
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, waitedMs: number): Lease<C> {
    this.line.waitedMs += waitedMs;
    const lease = this.#loans.begin(entry, options, this.watch.now);
    this.stock.lent(entry, waitedMs);
    return lease;
  }

  /** @internal */
  takeBack(entry: Entry<C>, how: ReleaseOptions): void {
    this.watch.read();
    this.#tell?.({ type: "release", connection: entry.id, owner: entry.owner });
    const { stock } = this;
    const holder = this.#loans.end(entry);
    if (how.broken) stock.pace.lost(how.refusal, this.watch.now);
    this.#source.for(holder, () => {
      // One that was given up on is closed already.
      if (!stock.entries.has(entry)) return this.pump();
      if (how.broken || how.dirty) stock.close(entry, how.broken ? "broken" : "dirty");
      else this.offer(entry);
      this.pump();
    });
  }

  /** @internal */
  letGo(entry: Entry<C>): void {
    this.#loans.end(entry);
    if (this.stock.entries.has(entry)) this.stock.remove(entry, "detached");
    this.pump();
  }

  /** @internal A connection is free: it goes to the waiter that opened it, or becomes idle. */
  offer(entry: Entry<C>, _isFresh?: boolean, asker?: Waiter<C>): void {
    const fault = this.stock.faultOf(entry);
    if (fault) this.stock.close(entry, fault);
    else if (asker && this.line.has(asker)) asker.given = entry;
    else this.stock.keep(entry);
  }

  /** @internal An open failed. Rejects waiters that cannot succeed: all of them, if no other connection is left to serve them. */
  despair(error: unknown, asker?: Waiter<C>): void {
    if (!(error instanceof TypeError) && (error as DbError | undefined)?.retryable !== false) return;
    const { entries, under } = this.stock;
    const isLast = entries.size + under.open + under.close === 0;
    for (const waiter of this.line) if (isLast || waiter === asker) waiter.failure = { error };
  }

  /** @internal Something has ended. The next waiter notices when it polls; if possible, it is woken. */
  pump(asker?: Waiter<C>): void {
    const { now } = this.watch;
    if (asker) {
      asker.isCalling = false;
      // Its call has ended in its own request, unless it was written off: then the request is gone.
      if (isThere(asker, now)) asker.wake?.();
    }
    this.#closeSurplus(now);
    if (this.line.size === 0 || !this.#canWake()) return;
    for (const next of this.line.served(this.#free, now)) {
      if (!next.wake) continue;
      next.dueAt = now;
      next.wake();
      next.wake = undefined;
    }
  }

  /** Closes what is idle beyond `maxIdle`, and wanted by nobody in line. */
  #closeSurplus(now: number): void {
    const { idle } = this.stock;
    const { maxIdle } = this.view.options;
    if (idle.length <= maxIdle) return;
    const wanted = [...this.line.served({ places: idle.length, trusted: idle.length }, now)].length;
    for (const entry of idle.splice(Math.max(maxIdle, wanted))) this.stock.close(entry, "surplus");
  }

  get #free(): Free {
    const { room, idle } = this.stock;
    return { places: idle.length + room, trusted: idle.filter((entry) => this.stock.isTrusted(entry)).length };
  }

  /** Closes idle connections now, and lent ones when they are returned. */
  invalidate(caller: Pick<AcquireOptions, "waitUntil"> | undefined): void {
    this.watch.read();
    this.#source.for(caller, () => {
      this.stock.endGeneration();
      this.pump();
    });
  }

  /** Stops lending. */
  shut(): void {
    this.stock.isDisposed = true;
    for (const { wake } of this.line) if (this.#canWake()) wake?.();
    this.stock.calls.abort(refusal("POOL_CLOSED", this.view));
    this.stock.closeIdle("disposed");
  }

  /** Writes off what cut-off requests have left: calls, places in line, leases. */
  forget(): void {
    const { line, stock } = this;
    const { now } = this.watch;
    const { open, validate } = stock.under;
    const [first] = line.size > open + validate && stock.room > 0 ? [] : line;
    if (this.view.options.leakMs > 0) stock.leaks();
    try {
      stock.calls.overdue(first);
    } catch {
      // A workerd from before autumn 2026 lets no other request abort the call; the pool has let go of it already.
    }
    for (const waiter of line.prune(now)) {
      const { given } = waiter;
      waiter.given = undefined;
      if (given) this.offer(given);
    }
    for (const entry of this.#loans.lose(now, this.#source.silentMs)) stock.close(entry, "broken");
    const onLost = (entry: Entry<C>): void => {
      stock.close(entry, "broken");
      this.pump();
    };
    this.#loans.ask(now, this.#source.bind(onLost));
  }
}
