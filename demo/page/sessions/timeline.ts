// The page's memory of events: lanes for the timeline, lines for the log. One timeline for all that is seen from here: the sessions of
// this tab, those of others, and a Worker's requests.

import type { DatabaseEvent } from "../../../src/index.ts";
import { Tabs } from "./tabs.ts";
import { abandon, advance, createTrack, keyOf, type LogLine, type Track } from "./track.ts";
import { turnAfter, waitForTurn } from "./turn.ts";
import { describe, sessionOf } from "./words.ts";

const KEPT_TRACKS = 200;
const KEPT_LINES = 1_000;
/** Of one session: the first, and the last ones. */
const KEPT_SENTENCES = 200;

/** Fires `change` when something happened; several events of one frame make one `change`. */
export class Timeline extends EventTarget {
  readonly #tracks = new Map<string, Track>();
  /** By where they run: each list replaces the one before. */
  readonly #elsewhere = new Map<string, readonly Track[]>();
  #clearedAt = -Infinity;
  #log: LogLine[] = [];
  #isTold = false;

  /** In the order in which they began. */
  get tracks(): Track[] {
    const all = [...this.#tracks.values(), ...[...this.#elsewhere.values()].flat()];
    return this.#elsewhere.size === 0 && all.every(({ place }) => place === "")
      ? all
      : all.toSorted((a, b) => a.from - b.from);
  }

  /** Those of this tab. */
  get own(): Track[] {
    return [...this.#tracks.values()].filter(({ place }) => place === "");
  }

  /** The tab that a session of this one waits for; `""`: none. */
  get waitsFor(): string {
    return this.own.findLast(({ outcome, waitsFor }) => outcome === "running" && waitsFor)?.waitsFor ?? "";
  }

  get log(): readonly LogLine[] {
    return this.#log;
  }

  /** Given to `createDatabase()` as `onEvent`. @param at - by the page's finer clock: an event is told when it happens. */
  record(event: DatabaseEvent, place = "", at = performance.now()): void {
    const session = sessionOf(event);
    const text = describe(event);
    this.#log.push({ at, place, session, type: event.type, text });
    if (session !== undefined) {
      const track = this.#track(session, event, place, at);
      this.#advance(track, event, at);
      track.story.push({ at, text });
      if (track.story.length > KEPT_SENTENCES) track.story.splice(1, 1);
    }
    this.#trim();
    this.#tell();
  }

  /** What runs somewhere, as one was told. */
  adopt(tracks: readonly Track[], place: string): void {
    for (const { session, ...track } of tracks) {
      const key = keyOf(place, session);
      if (!this.#tracks.has(key)) this.#tracks.set(key, { ...track, session, key, place });
    }
    this.#tell();
  }

  /** All that is known of a place that has no events: in place of what was known before. */
  show(place: string, tracks: readonly Track[]): void {
    this.#elsewhere.set(
      place,
      tracks.filter(({ from }) => from > this.#clearedAt),
    );
    this.#tell();
  }

  /** A place is gone, with all that ran there. */
  abandon(place: string, at = performance.now()): void {
    for (const track of this.#tracks.values())
      if (track.place === place && track.outcome === "running") {
        abandon(track, at);
        this.#log.push({ at, place, session: track.session, type: "end", text: track.story.at(-1)?.text ?? "" });
      }
    this.#tell();
  }

  clear(): void {
    for (const [key, track] of this.#tracks) if (track.outcome !== "running") this.#tracks.delete(key);
    this.#elsewhere.clear();
    this.#clearedAt = performance.now();
    this.#log = [];
    this.#tell();
  }

  /** The pool of a tab knows nothing of the others: who waits for one of them is found here. */
  #advance(track: Track, event: DatabaseEvent, at: number): void {
    if (event.type === "send" && waitForTurn(track, this.#tracks.values(), at)) return advance(track, event, at);
    const turn = event.type === "flight" ? turnAfter(track, this.#tracks.values(), at) : undefined;
    advance(track, event, at);
    const flight = track.flights.at(-1);
    if (turn !== undefined && flight) flight.from = Math.max(flight.from, turn);
  }

  #track(session: number, event: DatabaseEvent, place: string, at: number): Track {
    const known = this.#tracks.get(keyOf(place, session));
    if (known) return known;
    const track = createTrack(session, event.type === "session" ? event.parent : undefined, at, place);
    this.#tracks.set(track.key, track);
    return track;
  }

  #trim(): void {
    if (this.#log.length > KEPT_LINES) this.#log.splice(0, this.#log.length - KEPT_LINES);
    for (const [key, track] of this.#tracks) {
      if (this.#tracks.size <= KEPT_TRACKS) break;
      if (track.outcome !== "running") this.#tracks.delete(key);
    }
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    // Not a frame: a tab in the background has none, and its events still happen.
    setTimeout(() => {
      this.#isTold = false;
      this.dispatchEvent(new Event("change"));
    }, 16);
  }
}

export const timeline = new Timeline();

export const tabs = new Tabs({
  running: () => timeline.own.filter(({ outcome }) => outcome === "running"),
  onTracks: (tab, tracks) => timeline.adopt(tracks, `tab ${tab}`),
  onEvent: (tab, event, at) => timeline.record(event, `tab ${tab}`, at),
  onGone: (tab) => timeline.abandon(`tab ${tab}`),
});
