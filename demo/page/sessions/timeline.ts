// The page's memory of events: lanes for the timeline, lines for the log.

import type { DatabaseEvent } from "../../../src/index.ts";
import { advance, createTrack, type LogLine, type Track } from "./track.ts";
import { describe, sessionOf } from "./words.ts";

const KEPT_TRACKS = 200;
const KEPT_LINES = 1_000;
/** Of one session: the first, and the last ones. */
const KEPT_SENTENCES = 200;

/** Fires `change` when something happened; several events of one frame make one `change`. */
export class Timeline extends EventTarget {
  readonly #tracks = new Map<number, Track>();
  #log: LogLine[] = [];
  #isTold = false;

  /** Oldest first. */
  get tracks(): Track[] {
    return [...this.#tracks.values()];
  }

  get log(): readonly LogLine[] {
    return this.#log;
  }

  /** Given to `createDatabase()` as `onEvent`. */
  record(event: DatabaseEvent): void {
    // The page's finer clock: an event is told when it happens.
    const at = performance.now();
    const session = sessionOf(event);
    const text = describe(event);
    this.#log.push({ at, session, type: event.type, text });
    if (session !== undefined) {
      const track = this.#track(session, event, at);
      advance(track, event, at);
      track.story.push({ at, text });
      if (track.story.length > KEPT_SENTENCES) track.story.splice(1, 1);
    }
    this.#trim();
    this.#tell();
  }

  clear(): void {
    for (const [id, track] of this.#tracks) if (track.outcome !== "running") this.#tracks.delete(id);
    this.#log = [];
    this.#tell();
  }

  #track(session: number, event: DatabaseEvent, at: number): Track {
    const known = this.#tracks.get(session);
    if (known) return known;
    const track = createTrack(session, event.type === "session" ? event.parent : undefined, at);
    this.#tracks.set(session, track);
    return track;
  }

  #trim(): void {
    if (this.#log.length > KEPT_LINES) this.#log.splice(0, this.#log.length - KEPT_LINES);
    for (const [id, track] of this.#tracks) {
      if (this.#tracks.size <= KEPT_TRACKS) break;
      if (track.outcome !== "running") this.#tracks.delete(id);
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
