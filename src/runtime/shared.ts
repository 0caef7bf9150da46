import { systemClock } from "../clock.ts";
import type { Runtime } from "../contract/runtime.ts";

/**
 * The runtime where every connection may be used from anywhere: Node, a browser tab, a Durable Object.
 *
 * @example
 * const db = createDatabase(url, { adapters, runtime: shared() }); // The default.
 */
export function shared(): Runtime {
  return { name: "shared", clock: systemClock, maxConnections: 10 };
}
