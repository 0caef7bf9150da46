import { systemClock } from "../../clock.ts";
import type { Runtime, WaitUntil } from "../../contract/runtime.ts";
import type { PoolRuntime } from "../../pool/runtime.ts";
import { ContextPools } from "./context-pools.ts";
import { isKeptAlive } from "./running-events.ts";
import { flags } from "./flags.ts";
import { IsolatePool } from "./isolate-pool.ts";

export interface WorkersOptions {
  /**
   * `waitUntil` of `cloudflare:workers`: keeps each request alive until its sessions have ended, including those
   * outside `withSession()`. Default: the `waitUntil` of each session.
   */
  readonly waitUntil?: WaitUntil | undefined;
  /**
   * Called once, if nothing keeps a session alive when its client disconnects. `false`: on purpose, or in a Durable Object.
   * Default `console.warn`.
   */
  readonly warn?: ((message: string) => void) | false | undefined;
}

const WARNING =
  "isopool: nothing keeps this session alive. If its client disconnects, it is cut off, and its connection is lost: use " +
  "withSession(), or workers({ waitUntil }). On purpose, or in a Durable Object? workers({ warn: false })";

/**
 * The runtime of Cloudflare Workers: a module-level database serves every request of the isolate. `pool.max` is 5 by default.
 *
 * @example
 * const db = createDatabase(() => env.DATABASE_URL, { adapters, runtime: workers(), context: requestContext() });
 */
export function workers({ waitUntil, warn }: WorkersOptions = {}): PoolRuntime {
  const runtime: Runtime = { name: "workers", clock: systemClock, maxConnections: 5, waitUntil };
  return {
    ...runtime,
    onUnkept: warner(warn),
    createPool: (source, options, affinity, Plain) =>
      affinity === "request"
        ? new ContextPools(source, { ...options, runtime }, Plain)
        : new IsolatePool(source, { ...options, runtime }, canWake),
  };
}

function warner(warn: WorkersOptions["warn"] = globalThis.console.warn): (() => void) | undefined {
  if (!warn || !("WebSocketPair" in globalThis)) return undefined;
  let isTold = false;
  return () => {
    if (isTold || isKeptAlive()) return;
    isTold = true;
    warn(WARNING);
  };
}

// From 2024-10-14 on, a promise that another request has settled goes on in the request that made it. Before, it does not.
function canWake(): boolean {
  return flags()["handle_cross_request_promise_resolution"] === true;
}
