// The heart of the page: stories about sessions, and the timeline on which they are seen.

import { html, nothing, svg, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import { PageElement } from "../element.ts";
import { count, duration } from "../format.ts";
import { stories, type Story } from "../stories.ts";
import { type Chosen, codeWith, LIMITS, USUAL } from "../stories/chosen.ts";
import { timeline } from "../sessions/timeline.ts";
import { SAMPLE } from "../shelf.ts";
import { workspace } from "../workspace.ts";
import "./code-block.ts";
import { mark, type SessionTimeline } from "./session-timeline.ts";

const SHOWN_LINES = 150;

export class PageSessions extends PageElement {
  #story: Story = stories[0] as Story;
  #running: Story | undefined;
  #abort: AbortController | undefined;
  #outcome: { story: Story; text: string } | undefined;
  #isLogOpen = false;
  #chosen: Chosen = USUAL;

  constructor() {
    super();
    this.watch(timeline, "change");
    this.watch(workspace, "change");
    this.watch(activities, "change");
  }

  override render(): TemplateResult {
    return html`
      <div class="sessions">
        <section class="stories" aria-labelledby="stories-title">
          <h2 id="stories-title">Stories</h2>
          <p class="lead">
            Each one runs on this page's database. It has a single connection, so sessions must queue for it.
          </p>
          ${workspace.isSample ? nothing : this.#needsShop()}
          <div class="sliders">
            ${this.#slider("sessions", "Sessions at once", "")} ${this.#slider("thinkMs", "Each thinks", " ms")}
          </div>
          <ul>
            ${stories.map((story) => this.#item(story))}
          </ul>
        </section>
        <div class="stage">
          <section class="card timeline-card" aria-labelledby="timeline-title">
            <header class="card-head">
              <h2 id="timeline-title">Timeline</h2>
              ${this.#legend()} ${this.#range()}
              <button type="button" class="quiet" @click=${this.#clear}>Clear</button>
            </header>
            <session-timeline></session-timeline>
          </section>
          ${this.#told()} ${this.#stats()} ${this.#log()}
        </div>
      </div>
    `;
  }

  #needsShop(): TemplateResult {
    return html`<p class="notice">
      The stories write to the sample shop's tables, and your file stays as it is.
      <button type="button" class="link" @click=${() => workspace.reopen(SAMPLE)}>Go back to the sample shop</button>
    </p>`;
  }

  /** What is chosen is in the code that is shown, and runs. */
  #slider(name: keyof Chosen, label: string, unit: string): TemplateResult {
    const { least, most, step } = LIMITS[name];
    const choose = (event: Event): void => {
      this.#chosen = { ...this.#chosen, [name]: Number((event.currentTarget as HTMLInputElement).value) };
      this.requestUpdate();
    };
    return html`<div class="slider">
      <label for="story-${name}">${label}</label>
      <output for="story-${name}">${count(this.#chosen[name])}${unit}</output>
      <input
        id="story-${name}"
        type="range"
        min=${least}
        max=${most}
        step=${step}
        .value=${String(this.#chosen[name])}
        @input=${choose}
      />
    </div>`;
  }

  #item(story: Story): TemplateResult {
    const isRunning = this.#running === story;
    return html`<li class="story ${this.#story === story ? "is-current" : ""}">
      <button
        type="button"
        ?disabled=${!workspace.isSample || (this.#running !== undefined && !isRunning)}
        aria-describedby="story-${story.id}"
        @click=${() => (isRunning ? this.#abort?.abort() : this.#tell(story))}
      >
        ${icon(isRunning ? "stop" : "play")} <span>${isRunning ? "Stop" : story.title}</span>
      </button>
      <p id="story-${story.id}">${story.teaser}</p>
    </li>`;
  }

  async #tell(story: Story): Promise<void> {
    this.#story = story;
    this.#running = story;
    this.#abort = new AbortController();
    this.#outcome = undefined;
    this.#face();
    this.requestUpdate();
    try {
      const { signal } = this.#abort;
      const text = await activities.during(`the story “${story.title}”`, () =>
        story.run(workspace.db, signal, this.#chosen),
      );
      this.#outcome = { story, text };
    } catch (error) {
      this.#outcome = { story, text: this.#abort.signal.aborted ? "Stopped." : String(error) };
    } finally {
      this.#running = undefined;
      void workspace.noteChange();
      this.requestUpdate();
    }
  }

  /** Turns to the timeline; where it is below the stories, it comes into view. */
  #face(): void {
    this.#view.since = performance.now();
    if (!matchMedia("(max-width: 1000px)").matches) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.querySelector(".timeline-card")?.scrollIntoView({ behavior });
  }

  get #view(): SessionTimeline {
    return this.querySelector("session-timeline") as SessionTimeline;
  }

  #told(): TemplateResult {
    const { title, sight, file } = this.#story;
    return html`<section class="card told" aria-labelledby="told-title">
      <header class="card-head"><h2 id="told-title">${title}</h2></header>
      <p class="sight">${sight}</p>
      <p class="outcome" role="status" aria-live="polite">
        ${this.#running ? activities.waitFor(`the story “${this.#running.title}”`) || "Running…" : this.#outcome ? this.#outcome.text : ""}
      </p>
      <code-block label="The code that runs" .code=${codeWith(file, { ...this.#chosen })}></code-block>
    </section>`;
  }

  #legend(): TemplateResult {
    const swatch = (kind: string, name: string): TemplateResult =>
      html`<li>
        <svg width="20" height="14" aria-hidden="true">
          <rect class=${kind} x="1" y="2" width=${kind === "flight" ? 4 : 18} height="10" rx="2" /></svg
        >${name}
      </li>`;
    const badge = (kind: string, name: string): TemplateResult =>
      html`<li><svg width="18" height="18" viewBox="0 8 18 18" aria-hidden="true">${mark(kind, 9)}</svg>${name}</li>`;
    return html`<ul class="legend" aria-label="Legend">
      ${swatch("wait", "waits")} ${swatch("hold", "holds a connection")} ${swatch("flight", "flight")}
      ${badge("commit", "commit")} ${badge("rollback", "rollback")} ${badge("part", "part of it")}
      ${badge("retry", "retry")}
    </ul>`;
  }

  #range(): TemplateResult {
    return html`<label class="inline"
      ><span class="unseen">Show</span>
      <select
        @change=${(event: Event) => {
          this.#view.range = (event.currentTarget as HTMLSelectElement).value === "all" ? "all" : "latest";
          this.#view.requestUpdate();
        }}
      >
        <option value="latest">latest burst</option>
        <option value="all">everything</option>
      </select>
    </label>`;
  }

  #clear = (): void => {
    timeline.clear();
    this.#outcome = undefined;
    this.requestUpdate();
  };

  #stats(): TemplateResult {
    const stats = workspace.stats();
    const shown: [name: string, value: number, meaning: string][] = [
      ["Open", stats.open, "connections open now"],
      ["Busy", stats.busy, "lent to a session"],
      ["Idle", stats.idle, "ready to be lent"],
      ["Waiting", stats.waiting, "sessions in line"],
      ["Waits", stats.waits, "times a session had to wait"],
      ["Flights", stats.flights, "round trips so far"],
    ];
    return html`<section class="card" aria-labelledby="stats-title">
      <header class="card-head">
        <h2 id="stats-title">Pool</h2>
        <code class="hint">db.stats()</code>
      </header>
      <dl class="stats">
        ${shown.map(
          ([name, value, meaning]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${count(value)}</dd>
              <dd class="hint">${meaning}</dd>
            </div>`,
        )}
      </dl>
    </section>`;
  }

  #log(): TemplateResult {
    const lines = timeline.log.slice(-SHOWN_LINES);
    const first = timeline.log[0]?.at ?? 0;
    return html`<details
      class="card log"
      @toggle=${(event: ToggleEvent) => {
        this.#isLogOpen = event.newState === "open";
        this.requestUpdate();
      }}
    >
      <summary>Event log <span class="hint">${count(timeline.log.length)} events, as onEvent told them</span></summary>
      ${
        this.#isLogOpen
          ? html`<div class="table-scroll" tabindex="0" role="region" aria-label="Event log">
              <table>
                <thead>
                  <tr>
                    <th scope="col" class="number">Time</th>
                    <th scope="col" class="number">Session</th>
                    <th scope="col">Event</th>
                    <th scope="col">What happened</th>
                  </tr>
                </thead>
                <tbody>
                  ${lines.map(
                    (line) =>
                      html`<tr>
                        <td class="number">${duration(line.at - first)}</td>
                        <td class="number">${line.place} ${line.session ?? "–"}</td>
                        <td>${line.type}</td>
                        <td class="wide">${line.text}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
          : nothing
      }
    </details>`;
  }
}

function icon(kind: "play" | "stop"): TemplateResult {
  return html`<svg class="icon" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
    ${kind === "play" ? svg`<path d="M2.5 1.5v9l8-4.5z" />` : svg`<rect x="2" y="2" width="8" height="8" rx="1" />`}
  </svg>`;
}

customElements.define("page-sessions", PageSessions);
