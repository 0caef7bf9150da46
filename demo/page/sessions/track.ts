// What `onEvent` told about each session, in the shape in which the timeline draws it.

import type { DatabaseEvent } from "../../../src/index.ts";

export interface Span {
  readonly from: number;
  /** `undefined`: still going on. */
  to: number | undefined;
}

export interface Hold extends Span {
  readonly connection: number;
}

export interface FlightSpan {
  readonly from: number;
  readonly to: number;
  readonly statements: readonly string[];
  readonly isOk: boolean;
}

export interface Mark {
  /** `part`: back to a savepoint, in a transaction that goes on. */
  readonly kind: "commit" | "rollback" | "part" | "retry" | "error" | "abort";
  readonly at: number;
}

/** One lane: a session from its first event to its end. */
export interface Track {
  readonly session: number;
  /** What the session is called, where it has a name. */
  name?: string | undefined;
  readonly parent: number | undefined;
  readonly from: number;
  to: number | undefined;
  outcome: "running" | "done" | "failed" | "aborted";
  readonly waits: Span[];
  readonly holds: Hold[];
  readonly flights: FlightSpan[];
  readonly marks: Mark[];
  readonly story: { readonly at: number; readonly text: string }[];
}

export interface LogLine {
  readonly at: number;
  readonly session: number | undefined;
  readonly type: DatabaseEvent["type"];
  readonly text: string;
}

export function createTrack(session: number, parent: number | undefined, from: number): Track {
  return {
    session,
    parent,
    from,
    to: undefined,
    outcome: "running",
    waits: [],
    holds: [],
    flights: [],
    marks: [],
    story: [],
  };
}

/** An import is one session of thousands of flights: of those in the middle nothing is kept. */
const KEPT_FLIGHTS = 400;

/** Writes one event into the lane of its session. */
export function advance(track: Track, event: DatabaseEvent, at: number): void {
  switch (event.type) {
    case "session":
      track.name = event.name;
      break;
    case "wait":
      track.waits.push({ from: at, to: undefined });
      break;
    case "acquire":
      endLast(track.waits, at);
      track.holds.push({ from: at, to: undefined, connection: event.connection });
      break;
    case "release":
      endLast(track.holds, at);
      break;
    case "flight":
      track.flights.push({
        from: at - event.durationMs,
        to: at,
        statements: event.statements.slice(0, 4),
        isOk: event.isOk,
      });
      if (track.flights.length > KEPT_FLIGHTS) track.flights.splice(1, track.flights.length - KEPT_FLIGHTS);
      if (event.statements.some((text) => /^rollback[- ]to\b/i.test(text))) track.marks.push({ kind: "part", at });
      break;
    case "commit":
    case "rollback":
    case "retry":
    case "error":
      track.marks.push({ kind: event.type, at });
      break;
    case "end":
      // A session that got no connection, or whose work threw before its first statement, has no other mark.
      if (event.outcome !== "done" && !track.marks.some(({ kind }) => kind === "commit" || kind === "rollback"))
        track.marks.push({ kind: event.outcome === "aborted" ? "abort" : "error", at });
      endLast(track.waits, at);
      endLast(track.holds, at);
      track.to = at;
      track.outcome = event.outcome;
      break;
    default:
  }
}

function endLast(spans: readonly Span[], at: number): void {
  const last = spans.at(-1);
  if (last) last.to ??= at;
}
