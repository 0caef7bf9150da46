// The page's frame: what is open, where one is, and what the pool does right now.

import { html, nothing, svg, type TemplateResult } from "lit";
import "../carrier/page-carrier.ts";
import { PageElement } from "../element.ts";
import { plural } from "../format.ts";
import type { PageIsolate } from "../isolate/page-isolate.ts";
import "../isolate/page-isolate.ts";
import { timeline } from "../sessions/timeline.ts";
import { state } from "../sessions/words.ts";
import { workspace } from "../workspace.ts";
import "./page-console.ts";
import "./page-files.ts";
import "./page-sessions.ts";
import type { PageTables } from "./page-tables.ts";
import "./page-tables.ts";
import "./theme-toggle.ts";

const VIEWS = [
  { id: "sessions", name: "Sessions" },
  { id: "console", name: "Console" },
  { id: "tables", name: "Tables" },
  { id: "files", name: "Files" },
  { id: "worker", name: "Worker" },
  { id: "context", name: "Context" },
] as const;

type View = (typeof VIEWS)[number]["id"];

export class PageApp extends PageElement {
  #view: View = viewOf(location.hash);
  #isDropping = false;

  constructor() {
    super();
    this.watch(workspace, "change");
    this.watch(workspace, "schema");
    this.watch(timeline, "change");
    this.watch(workspace, "notice");
    this.watch(window, "hashchange", () => void this.#go());
    this.watch(window, "dragover", (event) => this.#drag(event as DragEvent, true));
    this.watch(window, "dragleave", (event) => this.#drag(event as DragEvent, false));
    this.watch(window, "drop", (event) => void this.#drop(event as DragEvent));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void workspace.openSample();
  }

  override updated(): void {
    document.title = `${VIEWS.find(({ id }) => id === this.#view)?.name} — isopool`;
  }

  override render(): TemplateResult {
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to content</a>
      <header class="top">
        <h1><img src="./favicon.svg" alt="" width="22" height="22" /> isopool</h1>
        <nav class="views" aria-label="Views">
          ${VIEWS.map(({ id, name }) => html`<a href="#${id}" aria-current=${this.#view === id ? "page" : "false"}>${name}</a>`)}
        </nav>
        <p class="database"><span class="clip">${workspace.name}</span> ${this.#size()}</p>
        <theme-toggle></theme-toggle>
      </header>
      <main id="main" tabindex="-1" aria-busy=${workspace.isReady ? "false" : "true"}>
        ${workspace.isReady ? this.#views() : this.#loading()}
      </main>
      <footer class="status">${this.#status()}</footer>
      ${this.#isDropping ? html`<div class="drop-anywhere"><p>Drop a .sqlite or .csv file</p></div>` : nothing}
    `;
  }

  #size(): TemplateResult | typeof nothing {
    if (!workspace.isReady) return nothing;
    return html`<span class="hint"
      >${plural(workspace.tables.filter(({ kind }) => kind === "table").length, "table")}</span
    >`;
  }

  #loading(): TemplateResult {
    if (workspace.problem) return html`<p class="failure" role="alert">${workspace.problem}</p>`;
    return html`<p class="empty" role="status">Starting SQLite and filling the sample shop…</p>`;
  }

  /** All views stay: a query that runs on is not lost by looking elsewhere. */
  #views(): TemplateResult {
    return html`
      <div ?hidden=${this.#view !== "sessions"}><page-sessions></page-sessions></div>
      <div ?hidden=${this.#view !== "console"}><page-console></page-console></div>
      <div ?hidden=${this.#view !== "tables"}><page-tables></page-tables></div>
      <div ?hidden=${this.#view !== "files"}><page-files></page-files></div>
      <div ?hidden=${this.#view !== "worker"}><page-isolate></page-isolate></div>
      <div ?hidden=${this.#view !== "context"}><page-carrier></page-carrier></div>
    `;
  }

  #status(): TemplateResult {
    const { busy, waiting, flights } = workspace.stats();
    const last = timeline.tracks.at(-1);
    return html`
      <span
        ><svg class="dot ${busy > 0 ? "is-busy" : ""}" width="8" height="8" aria-hidden="true">
          ${svg`<circle cx="4" cy="4" r="4" />`}
        </svg>
        ${busy > 0 ? "connection busy" : "connection idle"}</span
      >
      <span>${plural(waiting, "session")} waiting</span>
      <span>${plural(flights, "flight")}</span>
      ${last ? html`<span class="clip last">session ${last.session} ${state(last)}</span>` : nothing}
    `;
  }

  async #go(): Promise<void> {
    this.#view = viewOf(location.hash);
    await this.updateComplete;
    if (this.#view === "tables" || this.#view === "files") await workspace.refresh();
    if (this.#view === "tables") this.querySelector<PageTables>("page-tables")?.show();
    if (this.#view === "worker") await this.querySelector<PageIsolate>("page-isolate")?.show();
  }

  #skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>("#main")?.focus();
  };

  #drag(event: DragEvent, isOver: boolean): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#isDropping = isOver || event.relatedTarget !== null;
  }

  async #drop(event: DragEvent): Promise<void> {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    this.#isDropping = false;
    location.hash = "#files";
    if (/\.(csv|tsv)$/i.test(file.name)) document.dispatchEvent(new CustomEvent("csvfile", { detail: file }));
    else await workspace.openFile(file);
  }
}

function viewOf(hash: string): View {
  return VIEWS.find(({ id }) => `#${id}` === hash)?.id ?? "sessions";
}

customElements.define("page-app", PageApp);
