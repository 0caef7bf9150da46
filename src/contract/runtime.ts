// What a platform allows: which connections and timers may outlive what.

/** Time, as a value that tests replace. */
export interface Clock {
  /** Milliseconds; may stand still, and may jump either way. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Lets the process exit while the timer is set. Without it every timer keeps the process alive. */
  unref?(timer: unknown): void;
  /** Undoes `unref()`. */
  ref?(timer: unknown): void;
}

export type WaitUntil = (promise: Promise<unknown>) => void;

/** What the platform allows a pool to keep. */
export interface Runtime {
  readonly name: string;
  readonly clock: Clock;
  /** Default of `pool.max`. */
  readonly maxConnections: number;
  /** Keeps the calling request alive until the promise settles, on platforms that cut requests off. */
  readonly waitUntil?: WaitUntil | undefined;
}
