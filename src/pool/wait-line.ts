import type { AcquireOptions, Lease } from "./lease.ts";

/** A caller in line. */
export interface Waiter<C> {
  /** When the wait began: never before that of whoever stands ahead. */
  readonly since: number;
  readonly timeoutMs: number;
  readonly options: AcquireOptions | undefined;
  readonly stack: string | undefined;
  readonly resolve: (lease: Lease<C>) => void;
  readonly reject: (error: unknown) => void;
  /** Only with a signal: memory counts when ten thousand wait. */
  onAbort: (() => void) | undefined;
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
  readonly #onReject: () => void;
  #last: Waiter<C> | undefined;
  #shortestMs = Infinity;

  constructor(onReject: () => void) {
    this.#onReject = onReject;
  }

  push(waiter: Waiter<C>): void {
    const signal = waiter.options?.signal;
    waiter.ahead = this.#last;
    if (this.#last) this.#last.behind = waiter;
    else this.first = waiter;
    this.#last = waiter;
    this.size++;
    this.waits++;
    this.#shortestMs = Math.min(this.#shortestMs, waiter.timeoutMs);
    this.dueAt = Math.min(this.dueAt, waiter.since + waiter.timeoutMs);
    if (signal) this.#listen(waiter, signal);
  }

  remove(waiter: Waiter<C>): void {
    const { ahead, behind, onAbort } = waiter;
    if (ahead) ahead.behind = behind;
    else this.first = behind;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead;
    if (onAbort) waiter.options!.signal!.removeEventListener("abort", onAbort);
    if (--this.size === 0) this.dueAt = this.#shortestMs = Infinity;
  }

  reject(waiter: Waiter<C>, error: unknown): void {
    this.remove(waiter);
    waiter.reject(error);
    this.#onReject();
  }

  #listen(waiter: Waiter<C>, signal: AbortSignal): void {
    waiter.onAbort = () => this.reject(waiter, signal.reason);
    signal.addEventListener("abort", waiter.onAbort);
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
    for (let waiter = this.first; waiter; waiter = waiter.behind) {
      // Whoever stands behind came later: when not even the shortest wait is over, nobody's is.
      const isOver = waiter.since + this.#shortestMs <= now;
      const dueAt = waiter.since + (isOver ? waiter.timeoutMs : this.#shortestMs);
      if (dueAt <= now) visit(waiter);
      else this.dueAt = Math.min(this.dueAt, dueAt);
      if (!isOver) return;
    }
  }

  *[Symbol.iterator](): Generator<Waiter<C>, void> {
    for (let waiter = this.first; waiter; waiter = waiter.behind) yield waiter;
  }
}
