// The workbench: the tables at its side, and the console, the rows of a table, or the files and imports in the middle.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import { hashOf, placeOf } from "../link.ts";
import { workspace } from "../workspace.ts";
import type { CsvImport } from "./csv-import.ts";
import type { PageConsole } from "./page-console.ts";
import "./page-console.ts";
import "./page-files.ts";
import type { PageRows } from "./page-rows.ts";
import "./page-rows.ts";
import "./table-list.ts";

const VIEWS = [
  { id: "console", name: "Console" },
  { id: "rows", name: "Rows" },
  { id: "files", name: "Files" },
] as const;

type View = (typeof VIEWS)[number]["id"];

export class PageTry extends PageElement {
  constructor() {
    super();
    this.watch(window, "hashchange", () => void this.#arrive());
    this.watch(workspace, "change");
  }

  override firstUpdated(): void {
    void this.#arrive();
  }

  get #view(): View {
    const { view } = placeOf(location.hash);
    return VIEWS.find(({ id }) => id === view)?.id ?? "console";
  }

  /** All views stay: a query that runs on is not lost by looking elsewhere. */
  override render(): TemplateResult {
    const view = this.#view;
    return html`<h1 class="unseen">Try it on a database of your own</h1>
      <div class="workbench">
        <table-list></table-list>
        <div class="bench">
          <nav class="subviews" aria-label="Workbench">
            ${VIEWS.map(({ id, name }) => html`<a href=${hashOf({ door: "try", view: id })} aria-current=${view === id ? "page" : "false"}>${name}</a>`)}
          </nav>
          <div ?hidden=${view !== "console"}><page-console></page-console></div>
          <div ?hidden=${view !== "rows"}><page-rows></page-rows></div>
          <div ?hidden=${view !== "files"} class="files">
            <page-files></page-files>
            <csv-import></csv-import>
          </div>
        </div>
      </div>`;
  }

  /** A .csv file, from wherever it was dropped. */
  async takeCsv(file: File): Promise<void> {
    await import("./csv-import.ts");
    await this.querySelector<CsvImport>("csv-import")?.take(file);
  }

  /** A .sql script: into the console, and run; it says itself where its transactions are. */
  async takeScript(file: File): Promise<void> {
    const text = await file.text();
    location.hash = hashOf({ door: "try", view: "console" });
    await this.updateComplete;
    await this.querySelector<PageConsole>("page-console")?.take(text, { isRun: true });
  }

  async #arrive(): Promise<void> {
    const { door, sql } = placeOf(location.hash);
    if (door !== "try") return;
    await this.updateComplete;
    if (sql !== undefined) {
      // Not run: a link may come from anybody, and the database is one's own.
      await this.querySelector<PageConsole>("page-console")?.take(sql);
      return;
    }
    if (this.#view === "files") await import("./csv-import.ts");
    // Of what other tabs have changed, too.
    await workspace.refresh();
    if (this.#view === "rows") this.querySelector<PageRows>("page-rows")?.show();
  }
}

customElements.define("page-try", PageTry);
