import type { Host } from "./host.ts";

let isolate: string | undefined;

/** PyDAL's `_connection_uname_` and `_cursors_uname_`: unique per database and isolate. */
export function connectionName(host: Host, what = "connection"): string {
  // Drawn at first use: Workers refuse random numbers while a module is loaded.
  isolate ??= Math.random().toString(36).slice(2, 10);
  return `isopool_${what}_${host.number}_${isolate}`;
}
