// What `onEvent` told about each session, in the shape in which the timeline draws it.

import type { DatabaseEvent } from "../../../src/index.ts";

export interface Span {
  from: number;
  /** `undefined`: still going on. */
  to: number | undefined;
}

export interface Hold extends Span {
  readonly connection: number;
}

export interface FlightSpan extends Span {
  readonly to: number;
  readonly statements: readonly string[];
  readonly isOk: boolean;
}

export interface Mark {
  /** `part`: back to a savepoint, in a transaction that goes on. */
  readonly kind: "commit" | "rollback" | "part" | "retry" | "error" | "abort" | "unknown";
  readonly at: number;
}

/** One lane: a session from its first event to its end. */
export interface Track {
  /** Of all lanes of the timeline. */
  readonly key: string;
  /** Where it runs: `tab 2`, `Worker, libSQL`; `""`: in this tab. */
  readonly place: string;
  readonly session: number;
  /** What the session is called, where it has a name. */
  name?: string | undefined;
  readonly parent: number | undefined;
  from: number;
  to: number | undefined;
  outcome: "running" | "done" | "failed" | "aborted";
  /** A flight is under way. */
  isSending: boolean;
  /** The texts that left last. */
  sent: readonly string[];
  /** The hold that begins with its turn, while it waits for another tab's. */
  turnOf?: Hold | undefined;
  /** Where the session runs that has the turn: `tab 2`. */
  waitsFor?: string | undefined;
  readonly waits: Span[];
  readonly holds: Hold[];
  readonly flights: FlightSpan[];
  readonly marks: Mark[];
  readonly story: { readonly at: number; readonly text: string }[];
}

export interface LogLine {
  readonly at: number;
  readonly place: string;
  readonly session: number | undefined;
  readonly type: DatabaseEvent["type"];
  readonly text: string;
}

export function createTrack(session: number, parent: number | undefined, from: number, place = ""): Track {
  return {
    key: keyOf(place, session),
    place,
    session,
    parent,
    from,
    to: undefined,
    outcome: "running",
    isSending: false,
    sent: [],
    waits: [],
    holds: [],
    flights: [],
    marks: [],
    story: [],
  };
}

export function keyOf(place: string, session: number): string {
  return `${place}:${session}`;
}

/** The same one by another clock. */
export function shifted(track: Track, byMs: number): Track {
  const span = <Of extends Span>(each: Of): Of => ({ ...each, from: each.from + byMs, to: each.to && each.to + byMs });
  const point = <Of extends { readonly at: number }>(each: Of): Of => ({ ...each, at: each.at + byMs });
  return {
    ...span(track),
    waits: track.waits.map(span),
    holds: track.holds.map(span),
    flights: track.flights.map(span),
    marks: track.marks.map(point),
    story: track.story.map(point),
  };
}

/**
 * Its tab is gone. What it had open is rolled back by the tab that leads, or by the next one; whether a COMMIT that was on its way was
 * done, its own tab would have been told.
 */
export function abandon(track: Track, at: number): void {
  const isCommitting = track.isSending && track.sent.some((text) => /^\s*commit\b/i.test(text));
  const isOpen = track.holds.at(-1)?.to === undefined && track.holds.length > 0;
  const kind = isCommitting ? "unknown" : isOpen ? "rollback" : "abort";
  track.marks.push({ kind, at });
  const end = {
    unknown: "whether it was committed is not known",
    rollback: "it is rolled back",
    abort: "it had nothing",
  };
  track.story.push({ at, text: `its tab is gone: ${end[kind]}` });
  endLast(track.waits, at);
  endLast(track.holds, at);
  track.to = at;
  track.outcome = kind === "abort" ? "aborted" : "failed";
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
    case "send":
      track.isSending = true;
      track.sent = event.statements.slice(0, 4);
      // What ends it is the last of them.
      if (event.statements.length > 4) track.sent = [...track.sent, ...event.statements.slice(-1)];
      break;
    case "flight":
      track.isSending = false;
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
