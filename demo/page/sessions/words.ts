// Each event as a sentence: for the log, the details of a lane, and those who listen instead of look.

import type { DatabaseEvent } from "../../../src/index.ts";
import { duration, oneLine, plural } from "../format.ts";
import type { Track } from "./track.ts";

/** The session that an event belongs to; `undefined`: the pool's own. */
export function sessionOf(event: DatabaseEvent): number | undefined {
  if ("session" in event && typeof event.session === "number") return event.session;
  return "owner" in event ? event.owner?.id : undefined;
}

export function describe(event: DatabaseEvent): string {
  switch (event.type) {
    case "session":
      return `begins${event.parent === undefined ? "" : `, inside session ${event.parent}`}${event.name ? `: ${event.name}` : ""}`;
    case "wait":
      return `waits for a connection, as number ${event.waiting} in line`;
    case "acquire":
      return event.waitedMs > 0
        ? `gets connection ${event.connection} after ${duration(event.waitedMs)}`
        : `gets connection ${event.connection} at once`;
    case "release":
      return `gives connection ${event.connection} back`;
    case "begin":
      return "begins a transaction";
    case "commit":
      return "commits";
    case "rollback":
      return "rolls back";
    case "send":
      return `sends ${plural(event.statements.length, "statement")}`;
    case "flight":
      return `${event.isOk ? "" : "failed: "}flight of ${plural(event.statements.length, "statement")} in ${duration(event.durationMs)}: ${texts(event.statements)}`;
    case "retry":
      return `attempt ${event.attempt} failed, the next one starts in ${duration(event.delayMs)}: ${message(event.error)}`;
    case "end":
      return ({ done: "is done", failed: "has failed", aborted: "was aborted" } as const)[event.outcome];
    case "open":
      return `connection ${event.connection} opened in ${duration(event.durationMs)}`;
    case "close":
      return `connection ${event.connection} closed: ${event.reason}`;
    case "leak":
      return `connection ${event.connection} has been held for ${duration(event.heldMs)}`;
    case "change":
      return event.isOwn ? "the changes are kept" : "another one has committed changes";
    case "storage":
      return `the database is kept in: ${event.kind}`;
    case "role":
      return `this tab is a ${event.role}`;
    case "error":
      return `error during ${event.during}: ${message(event.error)}`;
  }
}

const SHOWN_TEXTS = 4;

function texts(statements: readonly string[]): string {
  const shown = statements.slice(0, SHOWN_TEXTS).map((text) => oneLine(text, 90));
  const more = statements.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(" · ");
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How a session stands, in a word. */
export function state(track: Track): string {
  if (track.outcome === "running") {
    const isWaiting = track.waits.at(-1)?.to === undefined && track.waits.length > 0;
    return isWaiting ? "waiting" : "working";
  }
  if (track.outcome === "aborted") return "aborted";
  const last = track.marks.findLast(({ kind }) => kind === "commit" || kind === "rollback" || kind === "unknown");
  if (last?.kind === "unknown") return "unknown";
  if (last?.kind === "commit" && track.outcome === "done") return "committed";
  if (last?.kind === "rollback") return "rolled back";
  return track.outcome === "failed" ? "failed" : "done";
}

/** What the session is about: its name, or the first text that is the user's own. */
export function subject(track: Track): string {
  if (track.name) return track.name;
  const own = track.flights.flatMap(({ statements }) => statements).find((text) => !HOUSEKEEPING.test(text));
  return own === undefined ? "" : oneLine(own, 60);
}

const HOUSEKEEPING = /^\s*(begin|commit|rollback|savepoint|release|pragma foreign_keys)\b/i;
