import type { Clock, Runtime } from "../../contract/runtime.ts";
import type { AcquireOptions, Lease } from "../../pool/lease.ts";
import { type ConnectionPoolOptions, checkNumber } from "../../pool/options.ts";
import { refusal } from "../../pool/refusal.ts";
import type { Pool } from "../../pool/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";
import { type PoolStats, statsOf } from "../../pool/stats.ts";
import { Desk } from "./desk.ts";
import { sleep, type Waiter } from "./queue.ts";
import { throwIfAborted } from "../../signal.ts";

/** How often a waiter polls. */
const BEAT_MS = 10;
/** If it can be woken, it polls only in case the waiter that was woken is gone. */
const SLOW_BEAT_MS = 100;

/**
 * Lends connections that are plain data to the requests of one isolate, each of which does its own I/O.
 *
 * No request passes anything to another: a returned connection becomes idle, and the first waiter is at most woken, and takes
 * it in its own request. It opens, validates and closes there, with its own timers. Nothing here waits for a request that may
 * be cut off: whatever it took is written off when its time has passed.
 */
export class IsolatePool<C> implements Pool<C> {
  readonly #desk: Desk<C>;
  readonly #clock: Clock;
  readonly #canWake: () => boolean;

  /** @param canWake - whether a promise may be settled from another request. */
  constructor(
    source: PoolSource<C>,
    options: ConnectionPoolOptions & { readonly runtime: Runtime },
    canWake: () => boolean,
  ) {
    this.#desk = new Desk<C>(source, options, canWake);
    this.#clock = options.runtime.clock;
    this.#canWake = canWake;
  }

  get name(): string {
    return this.#desk.name;
  }

  /** As `ConnectionPool.acquire()`. */
  async acquire(options: AcquireOptions = {}): Promise<Lease<C>> {
    return this.tryAcquire(options) ?? this.#wait(options);
  }

  /** As `ConnectionPool.tryAcquire()`. */
  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    return this.#desk.lendAtOnce(options);
  }

  /** As `ConnectionPool.invalidate()`. */
  invalidate(caller?: Pick<AcquireOptions, "waitUntil">): void {
    this.#desk.invalidate(caller);
  }

  stats(): PoolStats {
    this.#desk.watch.read();
    this.#desk.forget();
    return statsOf(this.#desk.place);
  }

  /** As `ConnectionPool.dispose()`. */
  async dispose({ timeoutMs = Infinity }: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    const { watch, stock } = this.#desk;
    const until = watch.read() + checkNumber("timeoutMs", timeoutMs);
    this.#desk.shut();
    while (stock.entries.size + stock.under.close > 0 && watch.read() < until) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 1));
      this.#desk.forget();
    }
  }

  async #wait(options: AcquireOptions): Promise<Lease<C>> {
    const waiter = this.#desk.join(options);
    try {
      return await this.#turn(waiter);
    } finally {
      this.#desk.leave(waiter);
    }
  }

  /** Waits for its turn and takes it, all within the waiter's own request. */
  async #turn(waiter: Waiter<C>): Promise<Lease<C>> {
    const { watch, place } = this.#desk;
    const { since, timeoutMs, options } = waiter;
    for (;;) {
      const now = watch.read();
      waiter.dueAt = now;
      const lease = this.#desk.claim(waiter);
      if (lease) return lease;
      const leftMs = since + timeoutMs - now;
      // A timeout of 0 still allows an open that completes at once.
      const isAtOnce = now === since && waiter.isCalling;
      if (leftMs <= 0 && !isAtOnce) throw refusal("POOL_TIMEOUT", place, now - since);
      const pauseMs = this.#pauseMs(waiter, leftMs, now);
      waiter.dueAt = now + pauseMs;
      await sleep(waiter, pauseMs, this.#clock);
      throwIfAborted(options.signal);
    }
  }

  /** When to poll again: at the next beat, or when another may be opened. */
  #pauseMs(waiter: Waiter<C>, leftMs: number, now: number): number {
    const { stock, line } = this.#desk;
    const beatMs = this.#canWake() ? SLOW_BEAT_MS : BEAT_MS * (1 + 1.5 * Math.random());
    const isPaced = line.isServed(waiter, { places: stock.room, trusted: 0 }, now);
    return Math.ceil(Math.max(Math.min(leftMs, beatMs, isPaced ? stock.pace.nextAt - now : Infinity), 1));
  }
}
