import type { Clock } from "../../contract/runtime.ts";
import { countWait, type Holding } from "../../pool/deadlock.ts";
import type { Entry } from "../../pool/entry.ts";
import type { AcquireOptions } from "../../pool/lease.ts";

/** A waiter that is overdue by this much is considered gone: its request was cut off. */
const SILENCE_MS = 50;

const PRUNE_MS = 250;

/** A caller in line, in a request of its own. */
export interface Waiter<C> {
  readonly since: number;
  readonly timeoutMs: number;
  readonly options: AcquireOptions;
  /** Opens or validates a connection for itself; it takes any other that needs no call. */
  isCalling: boolean;
  /** The connection that it has opened or validated. */
  given: Entry<C> | undefined;
  failure: { readonly error: unknown } | undefined;
  /** The latest time at which it should poll again. */
  dueAt: number;
  /** While it sleeps. Settles a promise of its own request: what follows runs in there. */
  wake: (() => void) | undefined;
}

export function createWaiter<C>(options: AcquireOptions, since: number, timeoutMs: number): Waiter<C> {
  const nothing = { isCalling: false, given: undefined, failure: undefined, wake: undefined };
  return { since, timeoutMs, options, dueAt: since, ...nothing };
}

/** Whether its request is still alive, as far as is known. */
export function isThere({ dueAt }: { readonly dueAt: number }, now: number): boolean {
  return now <= dueAt + SILENCE_MS;
}

/** What is available. */
export interface Free {
  /** Connections that are idle, and places for those that are not open yet. */
  readonly places: number;
  /** How many of them are idle and need no validation. */
  readonly trusted: number;
}

/** Waiters, first come, first served. Those that are gone are skipped, and dropped when their time has passed. */
export class Queue<C> extends Set<Waiter<C>> {
  waits = 0;
  waitedMs = 0;
  readonly #pool: Holding;
  #prunedAt = 0;

  constructor(pool: Holding) {
    super();
    this.#pool = pool;
  }

  override add(waiter: Waiter<C>): this {
    countWait(this.#pool, waiter.options.owner, 1);
    return super.add(waiter);
  }

  override delete(waiter: Waiter<C>): boolean {
    const isThere = super.delete(waiter);
    if (isThere) countWait(this.#pool, waiter.options.owner, -1);
    return isThere;
  }

  /** The waiters that can be served, first come, first served. */
  *served({ places, trusted }: Free, now: number): Generator<Waiter<C>, void> {
    for (const waiter of this) {
      if (places <= 0) return;
      const isFresh = waiter.options.usePool === false;
      // A waiter with a running call already has its place: it takes only what needs no other call.
      if (!isThere(waiter, now) || (waiter.isCalling && (isFresh || trusted === 0))) continue;
      places--;
      // A new connection takes the place of an idle one if there is no other; all others start with the trusted ones.
      trusted = Math.min(isFresh ? trusted : Math.max(trusted - 1, 0), places);
      yield waiter;
    }
  }

  /** Drops and returns the waiters whose time has passed but who did not leave. Runs only now and then, as it looks at all of them. */
  prune(now: number): Waiter<C>[] {
    if (now < this.#prunedAt + PRUNE_MS) return [];
    this.#prunedAt = now;
    const isOver = (each: Waiter<C>): boolean => now > each.since + each.timeoutMs + SILENCE_MS;
    return [...this].filter((each) => isOver(each) && this.delete(each));
  }

  isServed(waiter: Waiter<C>, free: Free, now: number): boolean {
    return [...this.served(free, now)].includes(waiter);
  }
}

/** Lets a waiter sleep until it is woken, its signal is aborted, or the time is over, by a timer of its own request. */
export async function sleep(waiter: Waiter<unknown>, delayMs: number, clock: Clock): Promise<void> {
  const { signal } = waiter.options;
  let timer: unknown;
  let wake!: () => void;
  try {
    await new Promise<void>((resolve) => {
      wake = waiter.wake = resolve;
      timer = clock.setTimeout(resolve, delayMs);
      signal?.addEventListener("abort", wake);
    });
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", wake);
  }
}
