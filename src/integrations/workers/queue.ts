import type { Clock } from "../../contract/runtime.ts";
import { countWait, type Holding } from "../../pool/deadlock.ts";
import type { Entry } from "../../pool/entry.ts";
import type { AcquireOptions } from "../../pool/lease.ts";

/** A waiter that is not heard of for this long after it should have been is taken to be gone: its request was cut off. */
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
  /** When it should be heard of again, at the latest. */
  dueAt: number;
  /** While it sleeps. Settles a promise of its own request: what follows runs in there. */
  wake: (() => void) | undefined;
}

export function createWaiter<C>(options: AcquireOptions, since: number, timeoutMs: number): Waiter<C> {
  const nothing = { isCalling: false, given: undefined, failure: undefined, wake: undefined };
  return { since, timeoutMs, options, dueAt: since, ...nothing };
}

/** Whether its request goes on, as far as is known. */
export function isThere({ dueAt }: { readonly dueAt: number }, now: number): boolean {
  return now <= dueAt + SILENCE_MS;
}

/** What there is to be had. */
export interface Free {
  /** Connections that are idle, and places for those that are not open yet. */
  readonly places: number;
  /** How many of them are idle and need no validation. */
  readonly trusted: number;
}

/** Who waits, first come first served. Those who are gone are passed over, and forgotten when their time is over. */
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

  /** Those for whom there is something, first come first served. */
  *served({ places, trusted }: Free, now: number): Generator<Waiter<C>, void> {
    for (const waiter of this) {
      if (places <= 0) return;
      const isFresh = waiter.options.usePool === false;
      // Whoever has a call under way has its place already: it takes what needs no other call.
      if (!isThere(waiter, now) || (waiter.isCalling && (isFresh || trusted === 0))) continue;
      places--;
      // A fresh one takes the place of what is idle when there is no other; all others begin with what is trusted.
      trusted = Math.min(isFresh ? trusted : Math.max(trusted - 1, 0), places);
      yield waiter;
    }
  }

  /** Forgets those whose time is over, and who did not leave: returns them. To look at all is worth it now and then only. */
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
