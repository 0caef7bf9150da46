import type { AcquireOptions, Lease } from "./lease.ts";

/** Who waits, first come first served. A linked list: leaving costs the same wherever one stands. */
export class WaitLine<C> {
  head: Waiter<C> | undefined;
  tail: Waiter<C> | undefined;
  size = 0;
  /** How many of them want a freshly opened connection. */
  fresh = 0;
  /** No deadline in the line is earlier than this. */
  dueAt: number = Infinity;
  /** Whether deadlines are in the order of the line: they are when all wait equally long. */
  #isSorted = true;

  push(waiter: Waiter<C>): void {
    const tail = this.tail;
    waiter.previous = tail;
    if (tail === undefined) this.head = waiter;
    else {
      tail.next = waiter;
      if (waiter.deadline < tail.deadline) this.#isSorted = false;
    }
    this.tail = waiter;
    this.size++;
    if (waiter.isFresh) this.fresh++;
    if (waiter.deadline < this.dueAt) this.dueAt = waiter.deadline;
    waiter.options?.signal?.addEventListener("abort", waiter);
  }

  remove(waiter: Waiter<C>): void {
    const { previous, next } = waiter;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    if (waiter.isFresh) this.fresh--;
    waiter.options?.signal?.removeEventListener("abort", waiter);
    if (--this.size > 0) return;
    this.dueAt = Infinity;
    this.#isSorted = true;
  }

  /** The first who may have a connection that was lent before. */
  get firstPooled(): Waiter<C> | undefined {
    let waiter = this.head;
    while (waiter?.isFresh) waiter = waiter.next;
    return waiter;
  }

  /** Those whose time has come. Each is to be removed before the next is asked for. */
  *due(now: number): Generator<Waiter<C>, void> {
    this.dueAt = Infinity;
    for (const waiter of this) {
      if (waiter.deadline <= now) yield waiter;
      else {
        if (waiter.deadline < this.dueAt) this.dueAt = waiter.deadline;
        if (this.#isSorted) return;
      }
    }
  }

  *[Symbol.iterator](): Generator<Waiter<C>, void> {
    for (let waiter = this.head; waiter !== undefined; waiter = waiter.next) yield waiter;
  }
}

/** A caller in line. It is its own abort listener: memory counts when ten thousand wait. */
export class Waiter<C> {
  previous: Waiter<C> | undefined = undefined;
  next: Waiter<C> | undefined = undefined;
  readonly since: number;
  readonly timeoutMs: number;
  readonly options: AcquireOptions | undefined;
  readonly stack: string | undefined;
  readonly resolve: (lease: Lease<C>) => void;
  readonly reject: (error: unknown) => void;
  readonly #onAbort: (waiter: Waiter<C>, reason: unknown) => void;

  constructor(
    since: number,
    timeoutMs: number,
    options: AcquireOptions | undefined,
    stack: string | undefined,
    resolve: (lease: Lease<C>) => void,
    reject: (error: unknown) => void,
    onAbort: (waiter: Waiter<C>, reason: unknown) => void,
  ) {
    this.since = since;
    this.timeoutMs = timeoutMs;
    this.options = options;
    this.stack = stack;
    this.resolve = resolve;
    this.reject = reject;
    this.#onAbort = onAbort;
  }

  get deadline(): number {
    return this.since + this.timeoutMs;
  }

  get isFresh(): boolean {
    return this.options?.usePool === false;
  }

  handleEvent(): void {
    this.#onAbort(this, this.options!.signal!.reason);
  }
}
