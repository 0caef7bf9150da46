// What may outlive what? What a platform allows.

/** Time, as a value that tests replace. */
export interface Clock {
  /** Milliseconds; may stand still, and may jump either way. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Lets the process end although the timer is set, where the platform can. Default: every timer keeps the process alive. */
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
  /** Keeps the request that calls it alive until the promise is settled; where requests can be cut off. */
  readonly waitUntil?: WaitUntil | undefined;
}
