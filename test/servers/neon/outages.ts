import type { Fault } from "./options.ts";

/**
 * What Neon says when it cannot reach the database, and so has executed nothing: proxy/src/control_plane/errors.rs,
 * compute/mod.rs and serverless/backend.rs.
 */
export const OUTAGES = [
  "Control plane request failed",
  "Couldn't connect to compute node",
  "Failed to acquire permit to connect to the database. Too many database connection attempts are currently ongoing.",
] as const;

/** The fault by which a server says so: in the answer to `POST /sql`, or to a session's startup over WebSocket. */
export function outage(on: "http" | "tunnel", message: string): Fault {
  if (on === "tunnel") return { on, action: "error", message: "*", body: message };
  return { on, action: "status", status: 500, body: JSON.stringify({ message, code: null, "neon:retryable": true }) };
}
