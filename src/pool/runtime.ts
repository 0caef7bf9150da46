import type { Capabilities } from "../contract/adapter.ts";
import type { Runtime, WaitUntil } from "../contract/runtime.ts";
import type { AcquireOptions } from "./lease.ts";
import type { ConnectionPoolOptions } from "./options.ts";
import type { ConnectionPool } from "./pool.ts";
import type { PoolSource } from "./source.ts";

/** What a database needs of a pool. */
export interface Pool<C> extends Pick<ConnectionPool<C>, "name" | "acquire" | "tryAcquire" | "stats" | "dispose"> {
  /** As `ConnectionPool.invalidate()`. */
  invalidate(caller?: Pick<AcquireOptions, "waitUntil">): void;
  /** Closes what is idle here and may not outlive the request; `event`: what its sessions were told to keep it alive with. */
  leave?(event?: WaitUntil): Promise<void>;
}

/** A runtime that may bring a pool of its own: where requests must not settle each other's promises nor do each other's I/O. */
export interface PoolRuntime extends Runtime {
  /** Default: a `ConnectionPool`. */
  readonly createPool?: CreatePool | undefined;
}

export type CreatePool = <C>(
  source: PoolSource<C>,
  options: ConnectionPoolOptions,
  affinity: Capabilities["affinity"],
  // Handed in: a runtime that uses it does not bring another copy.
  Plain: typeof ConnectionPool,
) => Pool<C>;
