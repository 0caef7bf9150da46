// The Worker: what its isolate does with one pool, and the shop that it serves.

import { html, nothing, svg, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import type { IsolateReport } from "../../worker/report.ts";
import { PageElement } from "../element.ts";
import "../elements/session-timeline.ts";
import { count } from "../format.ts";
import { type Action, actions } from "./actions.ts";
import { api, databases, type ShopDatabase } from "./api.ts";
import { placeOf } from "../link.ts";
import { isolate } from "./isolate.ts";
import { poolCard } from "./pool-card.ts";
import { requestsCard } from "./requests-card.ts";
import { recorded } from "./recorded.ts";
import "./shop-card.ts";
import { toTracks } from "./tracks.ts";

export class PageIsolate extends PageElement {
  #running: Action | undefined;
  #outcome = "";
  #isAsked = false;

  constructor() {
    super();
    this.watch(isolate, "change");
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (placeOf(location.hash).view === "worker") void this.show();
  }

  /** Called when the view is first looked at: a page that nobody asks for a Worker asks for none. */
  async show(): Promise<void> {
    if (this.#isAsked && isolate.isThere) return;
    this.#isAsked = true;
    await isolate.refresh();
  }

  override render(): TemplateResult {
    if (isolate.absence) return this.#absent();
    // While another isolate is asked how it is, the view stays.
    if (isolate.report || isolate.isServed) return this.#view();
    return html`<p class="empty" role="status">Looking for the Worker…</p>`;
  }

  /** Files alone: a run that was recorded takes the Worker's place, and says so. A Worker that does not run is another matter. */
  #absent(): TemplateResult {
    if (!isolate.isServed) return this.#recorded();
    return html`<section class="card absent" aria-labelledby="absent-title">
      <header class="card-head"><h2 id="absent-title">This Worker does not run</h2></header>
      <p class="failure" role="alert">${isolate.absence}</p>
      <div class="bar">
        ${this.#databases()}
        <button type="button" @click=${() => isolate.refresh()}>Look again</button>
      </div>
    </section>`;
  }

  #recorded(): TemplateResult {
    return html`<div class="stage">
      <section class="card" aria-labelledby="recorded-title">
        <header class="card-head">
          <h2 id="recorded-title">A recorded run</h2>
          <strong class="recorded">recorded ${recorded.on}, not live</strong>
        </header>
        <p class="lead recorded-lead">
          These files are served without a Worker behind them. This is what one did: a real workerd, its database 20 ms
          away, with ${count(recorded.report.requests.total)} requests, up to
          ${count(recorded.report.requests.mostActive)} at once. <code>npm start</code> serves the page with the Worker
          beside it.
        </p>
        <div class="bar"><button type="button" @click=${() => isolate.refresh()}>Look for a Worker again</button></div>
      </section>
      ${poolCard(recorded.report, databases.libsql, "")} ${this.#timeline(recorded.report)}
      ${requestsCard(recorded.report)}
    </div>`;
  }

  /** @param recordedOnes - alone; `undefined`: the one timeline of the page, with its own sessions and those of other tabs. */
  #timeline(recordedOnes?: IsolateReport): TemplateResult {
    return html`<section class="card timeline-card" aria-labelledby="isolate-timeline-title">
      <header class="card-head">
        <h2 id="isolate-timeline-title">Timeline</h2>
        <span class="hint">each request a session; waiting, then with a connection; and this page’s own</span>
      </header>
      <session-timeline
        noun=${recordedOnes ? "Request" : "Session"}
        .source=${recordedOnes && toTracks(recordedOnes.latest, "recorded")}
      ></session-timeline>
    </section>`;
  }

  #view(): TemplateResult {
    return html`<div class="sessions">
      <section class="stories" aria-labelledby="actions-title">
        <h2 id="actions-title">Send requests</h2>
        <p class="lead">
          Each one is a session on the pool of one isolate: a real workerd, with its database 20 ms away. The Worker is
          the same on all of them; it is told another URL.
        </p>
        <div class="databases">${this.#databases()}</div>
        <ul>
          ${actions.map((action) => this.#item(action))}
        </ul>
      </section>
      <div class="stage">
        ${
          isolate.report
            ? [
                poolCard(isolate.report, api.database, this.#running ? "Running…" : this.#outcome),
                this.#timeline(),
                requestsCard(isolate.report),
              ]
            : nothing
        }
        ${keyed(api.database, html`<shop-card></shop-card>`)}
      </div>
    </div>`;
  }

  #databases(): TemplateResult {
    const choice = (database: ShopDatabase): TemplateResult =>
      html`<button
        type="button"
        ?disabled=${this.#running !== undefined}
        aria-pressed=${api.database === database}
        @click=${() => this.#choose(database)}
      >
        ${database.name}
      </button>`;
    return html`<div class="segmented" role="group" aria-label="Database">
      ${Object.values(databases).map(choice)}
    </div>`;
  }

  async #choose(database: ShopDatabase): Promise<void> {
    this.#outcome = "";
    const choosing = isolate.choose(database);
    this.requestUpdate();
    await choosing;
    await this.updateComplete;
    // Where the view had to be made anew, the button that was pressed is gone, and the focus with it.
    if (document.activeElement === document.body)
      this.querySelector<HTMLElement>('.segmented [aria-pressed="true"]')?.focus();
  }

  #item(action: Action): TemplateResult {
    return html`<li class="story ${this.#running === action ? "is-current" : ""}">
      <button
        type="button"
        ?disabled=${this.#running !== undefined}
        aria-describedby="action-${action.id}"
        @click=${() => this.#run(action)}
      >
        <svg class="icon" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          ${svg`<path d="M2.5 1.5v9l8-4.5z" />`}
        </svg>
        <span>${action.title}</span>
      </button>
      <p id="action-${action.id}">${(api.database === databases.neon && action.onNeon) || action.teaser}</p>
    </li>`;
  }

  /** Where the numbers are below the buttons, they come into view. */
  #face(): void {
    if (!matchMedia("(max-width: 1000px)").matches) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.querySelector(".pool-card")?.scrollIntoView({ behavior });
  }

  async #run(action: Action): Promise<void> {
    this.#running = action;
    this.#face();
    this.requestUpdate();
    try {
      this.#outcome = await action.run();
    } catch (error) {
      this.#outcome = error instanceof Error ? error.message : String(error);
    } finally {
      this.#running = undefined;
      this.requestUpdate();
    }
  }
}

customElements.define("page-isolate", PageIsolate);
