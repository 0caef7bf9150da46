// The timeline: one lane a session, drawn from events.

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import { duration } from "../format.ts";
import { createAxis, findBursts, type Axis } from "../sessions/axis.ts";
import type { Track } from "../sessions/track.ts";
import { timeline } from "../sessions/timeline.ts";
import { state, subject } from "../sessions/words.ts";

const LANE_HEIGHT = 34;
const BAR = { y: 9, height: 16 };
const LEAST_BAR = 3;
/** Room for a mark at either end. */
const PADDING = 10;
/** A retry follows a rollback at once: its mark stands beside, not on it. */
const BESIDE = 17;
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export class SessionTimeline extends PageElement {
  static override properties = { source: { attribute: false }, noun: { type: String } };
  /** What is drawn; `undefined`: what happens on this page. */
  declare source: readonly Track[] | undefined;
  /** What has a lane. */
  declare noun: string;
  /** Every session that is kept, or those of the last burst only. */
  range: "latest" | "all" = "latest";
  /** Where the latest burst begins at the earliest: a story begins one of its own. */
  since = 0;
  /** Lanes, by their keys. */
  #selected: string | undefined;
  #pointed: string | undefined;
  #width = 600;
  #isFollowing = true;
  /** The frame that is asked for: events come faster than frames, and each would begin a loop of its own. */
  #frame: number | undefined;
  readonly #resize = new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0) this.#width = entry.contentRect.width;
    this.requestUpdate();
  });

  constructor() {
    super();
    this.source = undefined;
    this.noun = "Session";
    this.watch(timeline, "change");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }

  override firstUpdated(): void {
    this.#resize.observe(this.querySelector(".lane-ruler") as Element);
  }

  override updated(): void {
    const tracks = this.#tracks();
    const lanes = this.querySelector(".lanes");
    if (this.#isFollowing && lanes) lanes.scrollTop = lanes.scrollHeight;
    // What is running grows until its next event; what is over, or out of sight, needs no frames.
    if (!this.#isHidden && tracks.some(({ to }) => to === undefined)) this.#askForFrame();
  }

  get #isHidden(): boolean {
    return !this.isConnected || this.closest("[hidden]") !== null;
  }

  #askForFrame(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  /** Nothing is drawn that nobody sees; whoever shows it asks for a drawing. */
  override shouldUpdate(): boolean {
    return !this.hasUpdated || !this.#isHidden;
  }

  #tracks(): readonly Track[] {
    if (this.source) return this.source;
    const { tracks } = timeline;
    if (this.range === "all") return tracks;
    const last = findBursts(tracks, performance.now()).at(-1);
    const since = Math.max(last?.from ?? 0, this.since);
    // And what has gone on since before: other tabs do not begin with this one's stories.
    return tracks.filter(({ to = Infinity }) => to >= since);
  }

  override render(): TemplateResult {
    const tracks = this.#tracks();
    const axis = createAxis(tracks, Math.max(this.#width - 2 * PADDING, 80), performance.now());
    const shown = tracks.find(({ key }) => key === (this.#pointed ?? this.#selected)) ?? undefined;
    return html`
      <div class="lane-head">
        <span class="lane-title">${this.noun}</span>
        <div class="lane-ruler">${tracks.length > 0 ? this.#ruler(axis) : nothing}</div>
      </div>
      ${
        tracks.length === 0
          ? html`<p class="empty">
              Nothing has happened yet. Start one of the stories, or run something in the console.
            </p>`
          : html`<ul class="lanes" aria-label="${this.noun}s, oldest first" @scroll=${this.#follow}>
              ${tracks.map((track) => this.#lane(track, axis))}
            </ul>`
      }
      ${this.#details(shown, tracks.length > 0)}
    `;
  }

  #follow = (event: Event): void => {
    const lanes = event.currentTarget as HTMLElement;
    this.#isFollowing = lanes.scrollTop + lanes.clientHeight >= lanes.scrollHeight - LANE_HEIGHT;
  };

  #ruler(axis: Axis): TemplateResult {
    const isRoomy = axis.bursts.length < 8;
    return html`<svg height="20" aria-hidden="true">
      ${axis.bursts.map(({ from, to, x, width }, at) => {
        const clock = CLOCK.format((this.source ? 0 : performance.timeOrigin) + from);
        const text = width > 130 ? `${clock} · ${duration(to - from)}` : width > 40 ? duration(to - from) : "";
        return svg`
          <line class="ruler" x1=${PADDING + x} x2=${PADDING + x + width} y1="19.5" y2="19.5" />
          <text class="ruler-text" x=${PADDING + x} y="13">${text}</text>
          ${at > 0 && isRoomy ? svg`<text class="ruler-text" x=${PADDING + x - 17} y="13" text-anchor="middle">⋯</text>` : nothing}`;
      })}
    </svg>`;
  }

  #lane(track: Track, axis: Axis): TemplateResult {
    const isShown = track.key === (this.#pointed ?? this.#selected);
    return html`<li
      class="lane ${isShown ? "is-shown" : ""}"
      @pointerenter=${() => this.#point(track.key)}
      @pointerleave=${() => this.#point(undefined)}
      @click=${() => this.#select(track.key)}
    >
      <button
        class="lane-name"
        type="button"
        aria-pressed=${this.#selected === track.key}
        @focus=${() => this.#select(track.key)}
      >
        <span class="lane-number">${track.session}</span>
        <span class="lane-where">
          <span class="lane-state" data-state=${state(track)}>${state(track)}</span>
          ${track.place ? html`<span class="lane-place">${track.place}</span>` : nothing}
        </span>
      </button>
      <svg class="lane-track" height=${LANE_HEIGHT} aria-hidden="true">
        <g transform="translate(${PADDING} 0)">${drawTrack(track, axis, performance.now())}</g>
      </svg>
    </li>`;
  }

  #point(key: string | undefined): void {
    this.#pointed = key;
    this.requestUpdate();
  }

  #select(key: string): void {
    this.#selected = key;
    this.requestUpdate();
  }

  #details(track: Track | undefined, hasTracks: boolean): TemplateResult {
    if (!track) {
      return html`<p class="lane-details hint">
        ${hasTracks ? "Hover over a lane, or tab to it, to see what happened." : ""}
      </p>`;
    }
    const about = subject(track);
    return html`<div class="lane-details">
      <h4>
        ${track.place ? `${track.place}, ${this.noun.toLowerCase()}` : this.noun} ${track.session}
        <span class="lane-state" data-state=${state(track)}>${state(track)}</span>
        ${track.to === undefined ? nothing : html`<small>after ${duration(track.to - track.from)}</small>`}
        ${about ? html`<code>${about}</code>` : nothing}
      </h4>
      <ol>
        ${track.story.map(({ at, text }) => html`<li><span class="at">+${duration(at - track.from)}</span> ${text}</li>`)}
      </ol>
    </div>`;
  }
}

function drawTrack(track: Track, axis: Axis, now: number): SVGTemplateResult {
  const from = axis.x(track.from);
  const to = axis.x(track.to ?? now);
  return svg`
    <line class="life" x1=${from} x2=${Math.max(to, from + LEAST_BAR)} y1="17" y2="17" />
    ${track.waits.map((span) => bar("wait", axis.x(span.from), axis.x(span.to ?? now)))}
    ${track.holds.map((span) => bar("hold", axis.x(span.from), axis.x(span.to ?? now)))}
    ${track.flights.map((flight) => bar(flight.isOk ? "flight" : "flight is-failed", axis.x(flight.from), axis.x(flight.to)))}
    ${track.marks.map(({ kind, at }) => mark(kind, axis.x(at) + (kind === "retry" ? BESIDE : 0)))}`;
}

function bar(kind: string, from: number, to: number): SVGTemplateResult {
  const isFlight = kind.startsWith("flight");
  const y = isFlight ? BAR.y - 3 : BAR.y;
  const height = isFlight ? BAR.height + 6 : BAR.height;
  return svg`<rect class=${kind} x=${from} y=${y} width=${Math.max(to - from, LEAST_BAR)} height=${height} rx=${isFlight ? 1 : 3} />`;
}

/** A shape of its own for each, so that colour is not the only difference. */
export function mark(kind: string, x: number): SVGTemplateResult {
  const shapes: Record<string, SVGTemplateResult> = {
    commit: svg`<path d="M-3.5 0.2 -1 2.8 3.8 -2.6" />`,
    rollback: svg`<path d="M-2.8 -2.8 2.8 2.8 M2.8 -2.8 -2.8 2.8" />`,
    part: svg`<path d="M-2.4 -2.4 2.4 2.4 M2.4 -2.4 -2.4 2.4" />`,
    retry: svg`<path d="M2.9 -1.6 A3.3 3.3 0 1 0 3.2 1.2 M3.4 -3.8 V-1.2 H0.8" />`,
    error: svg`<path d="M0 -3.6 V0.8 M0 3.2 V3.5" />`,
    abort: svg`<path d="M-3 0 H3" />`,
    unknown: svg`<path d="M-1.8 -1.6 A1.9 1.9 0 1 1 0 0.4 V1.2 M0 3.2 V3.5" />`,
  };
  return svg`<g class="mark ${kind}" transform="translate(${x} 17)"><circle r="7.5" />${shapes[kind]}</g>`;
}

customElements.define("session-timeline", SessionTimeline);
