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
  /** No deadline in the line is earlier than this. */
  dueAt: number = Infinity;
  #last: Waiter<C> | undefined;
  #shortestMs = Infinity;

  push(waiter: Waiter<C>): void {
    waiter.ahead = this.#last;
    if (this.#last) this.#last.behind = waiter;
    else this.first = waiter;
    this.#last = waiter;
    this.size++;
    this.#shortestMs = Math.min(this.#shortestMs, waiter.timeoutMs);
    this.dueAt = Math.min(this.dueAt, waiter.since + waiter.timeoutMs);
    if (waiter.onAbort) waiter.options!.signal!.addEventListener("abort", waiter.onAbort);
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
