import { countWait, type Holding } from "./deadlock.ts";
import type { AcquireOptions, Lease, Stack } from "./lease.ts";
import { checkSignal, reasonOf } from "../signal.ts";

/** A caller in line. */
export interface Waiter<C> {
  /** When the wait began: never before that of a waiter ahead. */
  since: number;
  readonly timeoutMs: number;
  readonly options: AcquireOptions | undefined;
  readonly stack: Stack;
  readonly resolve: (lease: Lease<C> | PromiseLike<never>) => void;
  /** Ends the wait. Only for who asked for it: memory counts when ten thousand wait. */
  giveUp: ((reason: unknown) => void) | undefined;
  ahead: Waiter<C> | undefined;
  behind: Waiter<C> | undefined;
}

/** Who waits, first come first served. A linked list: to leave costs the same wherever one stands. */
export class WaitLine<C> {
  first: Waiter<C> | undefined;
  size = 0;
  /** How many have waited so far, and for how long all together. */
  waits = 0;
  waitedMs = 0;
  /** No deadline in the line is earlier than this. */
  dueAt: number = Infinity;
  readonly #pool: Holding;
  readonly #onReject: () => void;
  #last: Waiter<C> | undefined;
  #shortestMs = Infinity;

  constructor(pool: Holding, onReject: () => void) {
    this.#pool = pool;
    this.#onReject = onReject;
  }

  push(since: number, timeoutMs: number, options: AcquireOptions | undefined, stack: Stack): Promise<Lease<C>> {
    checkSignal(options?.signal);
    let resolve!: Waiter<C>["resolve"];
    // No more than this: V8 then makes neither a closure for it nor a `reject`, which a waiter would keep.
    const lease = new Promise<Lease<C>>((settle) => {
      resolve = settle;
    });
    const ahead = this.#last;
    const waiter: Waiter<C> = {
      // What comes of a difference is no small integer to V8, whatever it is, and takes sixteen bytes of its own.
      since: since === (since | 0) ? since | 0 : since,
      timeoutMs,
      options,
      stack,
      resolve,
      giveUp: undefined,
      ahead,
      behind: undefined,
    };
    if (ahead) ahead.behind = waiter;
    else this.first = waiter;
    this.#last = waiter;
    this.size++;
    this.waits++;
    this.#shortestMs = Math.min(this.#shortestMs, timeoutMs);
    this.dueAt = Math.min(this.dueAt, since + timeoutMs);
    if (options) this.#follow(waiter, options);
    return lease;
  }

  remove(waiter: Waiter<C>): void {
    const { ahead, behind, giveUp, options } = waiter;
    if (ahead) ahead.behind = behind;
    else this.first = behind;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead;
    // Whoever still holds it, as what ends its wait does, would hold all who come behind it.
    waiter.ahead = waiter.behind = undefined;
    if (options) countWait(this.#pool, options.owner, -1);
    if (giveUp) {
      waiter.giveUp = undefined;
      options!.signal?.removeEventListener("abort", giveUp);
    }
    if (--this.size === 0) this.dueAt = this.#shortestMs = Infinity;
  }

  reject(waiter: Waiter<C>, error: unknown): void {
    this.remove(waiter);
    // oxlint-disable-next-line unicorn/no-thenable -- rejects without the function that each waiter would have to keep for it.
    waiter.resolve({ then: (_: unknown, reject: (error: unknown) => void) => reject(error) } as PromiseLike<never>);
    this.#onReject();
  }

  #follow(waiter: Waiter<C>, options: AcquireOptions): void {
    const { owner, signal } = options;
    countWait(this.#pool, owner, 1);
    if (!signal && !options.onWait) return;
    const giveUp = (waiter.giveUp = this.#giveUp.bind(this, waiter));
    signal?.addEventListener("abort", giveUp);
    options.onWait?.(giveUp);
  }

  #giveUp(waiter: Waiter<C>, reason: unknown): void {
    const signal = waiter.options?.signal;
    if (waiter.giveUp) this.reject(waiter, signal?.aborted ? reasonOf(signal) : reason);
  }

  /** The first who may have a connection that was lent before. */
  get firstPooled(): Waiter<C> | undefined {
    let waiter = this.first;
    while (waiter?.options?.usePool === false) waiter = waiter.behind;
    return waiter;
  }

  /** Calls `visit` with all whose time has come; it removes them. */
  due(now: number, visit: (waiter: Waiter<C>) => void): void {
    this.dueAt = Infinity;
    for (const waiter of this) {
      // Later waiters came later: if not even the shortest wait is over, none is.
      const isOver = waiter.since + this.#shortestMs <= now;
      const dueAt = waiter.since + (isOver ? waiter.timeoutMs : this.#shortestMs);
      if (dueAt <= now) visit(waiter);
      else this.dueAt = Math.min(this.dueAt, dueAt);
      if (!isOver) return;
    }
  }

  // What a listener does may take others out meanwhile: where the next is gone, it begins again with who is left.
  *[Symbol.iterator](): Generator<Waiter<C>, void> {
    for (let waiter = this.first, next; waiter; waiter = next) {
      next = waiter.behind;
      yield waiter;
      next &&= next.ahead ? next : this.first;
    }
  }
}
