import { systemClock } from "../../clock.ts";
import type { Runtime, WaitUntil } from "../../contract/runtime.ts";
import type { PoolRuntime } from "../../pool/runtime.ts";
import { ContextPools } from "./context-pools.ts";
import { flags } from "./flags.ts";
import { IsolatePool } from "./isolate-pool.ts";

export interface WorkersOptions {
  /**
   * `waitUntil` of `cloudflare:workers`: keeps each request alive until its sessions have ended, including those
   * outside `withSession()`. Default: the `waitUntil` of each session.
   */
  readonly waitUntil?: WaitUntil | undefined;
}

/** The runtime of Cloudflare Workers: a module-level database serves every request of the isolate. `pool.max` is 5 by default. */
export function workers({ waitUntil }: WorkersOptions = {}): PoolRuntime {
  const runtime: Runtime = { name: "workers", clock: systemClock, maxConnections: 5, waitUntil };
  return {
    ...runtime,
    createPool: (source, options, affinity) =>
      affinity === "request"
        ? new ContextPools(source, { ...options, runtime })
        : new IsolatePool(source, { ...options, runtime }, canWake),
  };
}

// From 2024-10-14 on, a promise settled by another request resumes in the request that created it. Before, it does not.
function canWake(): boolean {
  return flags()["handle_cross_request_promise_resolution"] === true;
}
