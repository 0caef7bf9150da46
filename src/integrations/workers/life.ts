/** Asked again no sooner than this, however young its context is. */
const SHORTEST_MS = 20;
/** And once its context has lived longer by this share: an object that lives for days is asked some hundred times. */
const SHARE = 1 / 16;

/**
 * Tells others when the I/O context that it was made in has ended: nothing of that context can, as no `finally` runs in a
 * request that is cut off.
 *
 * It is a promise that is never settled. In workerd a promise can settle only in the context that made it, and whoever follows
 * it from elsewhere after that context's end gets a rejection. Workers before autumn 2026, or without
 * `handle_cross_request_promise_resolution`, tell nothing.
 */
export class Life {
  readonly #promise: Promise<never> = new Promise<never>(() => undefined);
  readonly #since: number;
  #askAt: number;

  constructor(now: number) {
    this.#since = now;
    this.#askAt = now + SHORTEST_MS;
  }

  /**
   * Calls `onEnd` soon, in the context of the caller, if this one's has ended. What follows a promise that never settles stays
   * with it: it is asked more and more rarely.
   */
  ask(now: number, onEnd: () => void): void {
    if (now < this.#askAt) return;
    this.#askAt = now + Math.max(SHORTEST_MS, (now - this.#since) * SHARE);
    this.#promise.catch(onEnd);
  }
}
