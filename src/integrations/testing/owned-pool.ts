import type { Owner } from "../../contract/events.ts";
import type { AcquireOptions, Lease } from "../../pool/lease.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import type { Pool } from "../../pool/runtime.ts";

/** A pool that notes the owner at each connection that it lends: whose turn it is depends on who is inside of whom. */
export function ownedPool<C>(pool: ConnectionPool<C>): Pool<C> {
  return {
    name: pool.name,
    acquire: async (options = {}) => noted(await pool.acquire(options), options),
    tryAcquire: (options = {}) => {
      const lease = pool.tryAcquire(options);
      return lease && noted(lease, options);
    },
    stats: () => pool.stats(),
    dispose: (options) => pool.dispose(options),
    invalidate: () => pool.invalidate(),
  };
}

function noted<C>(lease: Lease<C>, { owner }: AcquireOptions): Lease<C> {
  (lease.connection as { readonly driver: { owner?: Owner | undefined } }).driver.owner = owner;
  return lease;
}
