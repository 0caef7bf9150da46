// The page's frame: three doors, what is open, and what happens right now behind the door that is open.

import { html, nothing, svg, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import { PageElement } from "../element.ts";
import { plural } from "../format.ts";
import { isolate } from "../isolate/isolate.ts";
import { type Door, DOORS, hashOf, type Place, placeOf } from "../link.ts";
import { tabs, timeline } from "../sessions/timeline.ts";
import { state } from "../sessions/words.ts";
import { workspace } from "../workspace.ts";
import type { PageTry } from "./page-try.ts";
import "./theme-toggle.ts";

/** What is behind a door is loaded when it is first opened. */
const BEHIND: Readonly<Record<Door, () => Promise<unknown>>> = {
  why: () => import("./page-why.ts"),
  watch: () => import("./page-watch.ts"),
  try: () => import("./page-try.ts"),
};

export class PageApp extends PageElement {
  #place: Place = placeOf(location.hash);
  readonly #loaded = new Set<Door>();
  #problem = "";
  #isDropping = false;

  constructor() {
    super();
    for (const [target, type] of [
      [workspace, "change"],
      [workspace, "schema"],
      [workspace, "notice"],
      [timeline, "change"],
      [activities, "change"],
      [isolate, "change"],
      [tabs, "change"],
    ] as const)
      this.watch(target, type);
    this.watch(window, "hashchange", () => void this.#go());
    this.watch(window, "dragover", (event) => this.#drag(event as DragEvent, true));
    this.watch(window, "dragleave", (event) => this.#drag(event as DragEvent, false));
    this.watch(window, "drop", (event) => void this.#drop(event as DragEvent));
    this.watch(window, "beforeunload", (event) => this.#leave(event));
    this.watch(document, "userfile", (event) => void this.#take((event as CustomEvent<File>).detail));
    this.watch(document, "useraddress", (event) => void this.#fetch((event as CustomEvent<string>).detail));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#go();
  }

  override updated(): void {
    document.title = `${DOORS.find(({ id }) => id === this.#place.door)?.name} — isopool`;
  }

  override render(): TemplateResult {
    const { door } = this.#place;
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to content</a>
      <header class="top">
        <p class="brand"><img src="./favicon.svg" alt="" width="22" height="22" /> isopool</p>
        <nav class="views" aria-label="Views">
          ${DOORS.map(({ id, name }) => html`<a href=${hashOf({ door: id })} aria-current=${door === id ? "page" : "false"}>${name}</a>`)}
        </nav>
        <p class="database">
          ${door === "why" ? nothing : html`<span class="clip">${workspace.name}</span> ${this.#kept()}`}
        </p>
        <theme-toggle></theme-toggle>
      </header>
      <main id="main" tabindex="-1" aria-busy=${this.#isBusy ? "true" : "false"}>
        ${workspace.isLocked ? this.#locked() : nothing}
        ${this.#problem ? html`<p class="failure" role="alert">${this.#problem}</p>` : nothing}
        ${DOORS.map(({ id }) => html`<div ?hidden=${door !== id}>${this.#loaded.has(id) ? this.#behind(id) : nothing}</div>`)}
      </main>
      <footer class="status">${this.#status()}</footer>
      ${this.#isDropping ? html`<div class="drop-anywhere"><p>Drop a .sqlite, .sql or .csv file</p></div>` : nothing}
    `;
  }

  get #isBusy(): boolean {
    const { door } = this.#place;
    return (
      !this.#loaded.has(door) || (door !== "why" && !workspace.isReady && !workspace.isLocked && !workspace.problem)
    );
  }

  /** All that was opened stays: what runs on is not lost by looking elsewhere. */
  #behind(door: Door): TemplateResult {
    if (door === "why") return html`<page-why></page-why>`;
    if (!workspace.isReady) return this.#loading();
    return door === "watch" ? html`<page-watch></page-watch>` : html`<page-try></page-try>`;
  }

  /** Where the data lives, and which tab has it open. */
  #kept(): TemplateResult | typeof nothing {
    if (!workspace.isReady) return nothing;
    const place = { opfs: "kept in OPFS", indexeddb: "kept in IndexedDB", memory: "in memory" }[
      workspace.keptIn ?? "memory"
    ];
    const { role } = workspace;
    const isShared = tabs.beside.length > 0;
    const leads = role === "leader" ? "this tab leads" : "another tab leads";
    return html`<span class="hint">${place}${role && isShared ? ` · ${leads}` : ""}</span>`;
  }

  #loading(): TemplateResult {
    if (workspace.isLocked) return html`<p class="empty">No database is open here.</p>`;
    if (workspace.problem) return html`<p class="failure" role="alert">${workspace.problem}</p>`;
    return html`<p class="empty" role="status">Starting SQLite and filling the sample shop…</p>`;
  }

  /** The other tab has it; what to do about that is a person's choice. */
  #locked(): TemplateResult {
    return html`<section class="card locked" aria-labelledby="locked-title">
      <header class="card-head"><h2 id="locked-title">A tab that gives no answer has this database open</h2></header>
      <p class="lead">
        Tabs share a database: one of them has it open for all. That one stands still, or is of an older version of this
        page. Close it, and try again; or work on a copy of the sample that is in memory alone, and gone with this tab.
      </p>
      <div class="bar">
        <button type="button" class="primary" @click=${() => workspace.start()}>Try again</button>
        <button type="button" @click=${() => workspace.openInMemory()}>Work in memory</button>
      </div>
    </section>`;
  }

  #status(): TemplateResult {
    if (this.#place.view === "worker") return this.#isolateStatus();
    if (this.#place.door === "why" || this.#place.view === "context")
      return html`<span>Each side has a database of its own, in this page</span>`;
    const { busy, waiting, flights } = workspace.stats();
    const last = timeline.own.at(-1);
    const holder = activities.holder;
    const { waitsFor } = timeline;
    return html`
      <span
        >${dot(busy > 0)}
        ${waitsFor ? `waiting for ${waitsFor}` : busy > 0 ? "connection busy" : "connection idle"}</span
      >
      <span>${plural(waiting, "session")} waiting${waiting > 0 && holder ? ` for ${holder.label}` : ""}</span>
      <span>${plural(flights, "flight")}</span>
      ${last ? html`<span class="clip last">session ${last.session} ${state(last)}</span>` : nothing}
    `;
  }

  #isolateStatus(): TemplateResult {
    if (!isolate.report) return html`<span>no Worker here</span>`;
    const { pool, requests } = isolate.report;
    return html`
      <span>${dot(pool.busy > 0)} ${plural(pool.busy, "connection")} busy in the isolate</span>
      <span>${plural(pool.waiting, "request")} waiting</span>
      <span>${plural(requests.total, "request")} served</span>
    `;
  }

  async #go(): Promise<void> {
    this.#place = placeOf(location.hash);
    const { door, open } = this.#place;
    try {
      await BEHIND[door]();
      this.#loaded.add(door);
      this.#problem = "";
    } catch {
      this.#problem = "This part of the page could not be loaded: is there a network? Choose it again to try again.";
    }
    this.requestUpdate();
    if (door === "why") return;
    if (!workspace.isReady && !workspace.isLocked) await workspace.start();
    if (open !== undefined) await this.#fetch(open);
  }

  #skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>("#main")?.focus();
  };

  /** Work that is kept nowhere is not lost unasked. */
  #leave(event: Event): void {
    if (workspace.isUnsaved) event.preventDefault();
  }

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
    await this.#take(file);
  }

  /** By its name, and a script by its text too: a dump may be called anything. */
  async #take(file: File): Promise<void> {
    const isCsv = /\.(csv|tsv)$/i.test(file.name);
    const isScript = /\.(sql|ddl)$/i.test(file.name);
    if (!isScript) location.hash = hashOf({ door: "try", view: "files" });
    if (!isCsv && !isScript) {
      await workspace.openFile(file);
      return;
    }
    await this.#go();
    await this.updateComplete;
    const bench = this.querySelector<PageTry>("page-try");
    if (isCsv) await bench?.takeCsv(file);
    else await bench?.takeScript(file);
  }

  async #fetch(address: string): Promise<void> {
    location.hash = hashOf({ door: "try", view: "files" });
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const name = decodeURIComponent(new URL(address, location.href).pathname.split("/").at(-1) || "database.sqlite");
      await this.#take(new File([await response.blob()], name));
    } catch (error) {
      const reason =
        error instanceof TypeError
          ? "it cannot be reached from here, or does not allow other pages to read it (CORS)"
          : (error as Error).message;
      workspace.complain(`${address} could not be opened: ${reason}.`);
    }
  }
}

function dot(isBusy: boolean): TemplateResult {
  return html`<svg class="dot ${isBusy ? "is-busy" : ""}" width="8" height="8" aria-hidden="true">
    ${svg`<circle cx="4" cy="4" r="4" />`}
  </svg>`;
}

customElements.define("page-app", PageApp);
