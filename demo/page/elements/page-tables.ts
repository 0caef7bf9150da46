// Tables: what there is, its rows a page at a time, and its schema.

import { html, nothing, type TemplateResult } from "lit";
import { readSchema, type TableInfo, type TableSchema } from "../catalog.ts";
import { PageElement } from "../element.ts";
import { count } from "../format.ts";
import { type Grid, toGrid } from "../results.ts";
import { quoteName } from "../sql/tokens.ts";
import { workspace } from "../workspace.ts";
import { dataGrid, pager, type Sort } from "./data-grid.ts";
import { tableSchema } from "./table-schema.ts";

const PAGE_SIZES = [25, 50, 100, 250];

export class PageTables extends PageElement {
  #table: string | undefined;
  #view: "rows" | "schema" = "rows";
  #page = 0;
  #pageSize = 50;
  #sort: Sort | undefined;
  #grid: Grid | undefined;
  #total = 0;
  #schema: TableSchema | undefined;
  #error: string | undefined;
  /** Answers to older questions are dropped. */
  #asked = 0;

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#open(undefined));
    this.watch(workspace, "schema", () => this.#reload());
  }

  override render(): TemplateResult {
    const { tables } = workspace;
    return html`<div class="tables">
      <nav class="table-list" aria-label="Tables">
        <h2>Tables</h2>
        ${tables.length === 0 ? html`<p class="empty">This database has no tables.</p>` : nothing}
        <ul>
          ${tables.map((table) => this.#item(table))}
        </ul>
      </nav>
      ${
        this.#table === undefined
          ? html`<p class="empty card">
              ${tables.length === 0 ? "Import a CSV file, or create a table in the console." : "Choose a table."}
            </p>`
          : this.#shown(this.#table)
      }
    </div>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#reload();
  }

  /** Called when the view comes into sight. */
  show(): void {
    this.#reload();
  }

  #item({ name, kind, rows }: TableInfo): TemplateResult {
    return html`<li>
      <button type="button" aria-current=${this.#table === name ? "true" : "false"} @click=${() => this.#open(name)}>
        <span class="clip">${name}</span>
        <span class="hint">${kind === "view" ? "view · " : ""}${rows === undefined ? "unreadable" : count(rows)}</span>
      </button>
    </li>`;
  }

  #shown(table: string): TemplateResult {
    const tab = (view: "rows" | "schema", name: string): TemplateResult =>
      html`<button type="button" aria-pressed=${this.#view === view} @click=${() => this.#look(view)}>${name}</button>`;
    return html`<section class="card table-view" aria-labelledby="table-title">
      <header class="card-head">
        <h2 id="table-title">${table}</h2>
        <div class="segmented" role="group" aria-label="What to show">
          ${tab("rows", "Rows")}${tab("schema", "Schema")}
        </div>
      </header>
      ${this.#error ? html`<p class="failure" role="alert">${this.#error}</p>` : this.#view === "rows" ? this.#rows(table) : this.#described()}
    </section>`;
  }

  #rows(table: string): TemplateResult {
    if (!this.#grid) return html`<p class="empty">Loading…</p>`;
    const paging = { page: this.#page, pageSize: this.#pageSize, total: this.#total };
    return html`
      ${
        this.#grid.rows.length === 0
          ? html`<p class="empty">This table is empty.</p>`
          : dataGrid(this.#grid, {
              label: `Rows of ${table}`,
              firstRow: this.#page * this.#pageSize + 1,
              sort: this.#sort,
              onSort: (column) => this.#sortBy(column),
            })
      }
      <div class="bar">
        ${pager(paging, (page) => this.#go(page))}
        <label class="inline push"
          >Rows per page
          <select @change=${this.#resize}>
            ${PAGE_SIZES.map((size) => html`<option ?selected=${size === this.#pageSize}>${size}</option>`)}
          </select>
        </label>
      </div>
    `;
  }

  #described(): TemplateResult {
    return this.#schema ? tableSchema(this.#schema) : html`<p class="empty">Loading…</p>`;
  }

  #open(table: string | undefined): void {
    this.#table = table;
    this.#page = 0;
    this.#sort = undefined;
    this.#grid = undefined;
    this.#schema = undefined;
    this.#reload();
  }

  #look(view: "rows" | "schema"): void {
    this.#view = view;
    this.#reload();
  }

  #go(page: number): void {
    this.#page = page;
    this.#reload();
  }

  /** Up, down, and back to the table's own order. */
  #sortBy(column: string): void {
    const { direction } = this.#sort?.column === column ? this.#sort : { direction: undefined };
    this.#sort = direction === "desc" ? undefined : { column, direction: direction === "asc" ? "desc" : "asc" };
    this.#go(0);
  }

  #resize = (event: Event): void => {
    this.#pageSize = Number((event.currentTarget as HTMLSelectElement).value);
    this.#go(0);
  };

  #reload(): void {
    this.requestUpdate();
    if (this.closest("[hidden]")) return;
    const isThere = workspace.tables.some(({ name }) => name === this.#table);
    if (!isThere) this.#table = workspace.tables[0]?.name;
    if (this.#table !== undefined) void this.#load(this.#table);
  }

  async #load(table: string): Promise<void> {
    const asked = ++this.#asked;
    try {
      if (this.#view === "schema") this.#schema = await readSchema(workspace.db, table);
      else await this.#loadPage(table, () => asked === this.#asked);
      this.#error = undefined;
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  async #loadPage(table: string, isWanted: () => boolean): Promise<void> {
    const name = quoteName(table);
    const order = this.#sort ? ` order by ${quoteName(this.#sort.column)} ${this.#sort.direction}` : "";
    const [total, rows] = await workspace.db.session(
      // Asked in the same tick: both leave in one flight.
      (session) =>
        Promise.all([
          session.query<{ total: number }>(`select count(*) as total from ${name}`),
          session.query(`select * from ${name}${order} limit ? offset ?`, [
            this.#pageSize,
            this.#page * this.#pageSize,
          ]),
        ]),
      { accessMode: "read only" },
    );
    if (!isWanted()) return;
    this.#total = total.rows[0]?.total ?? 0;
    this.#grid = toGrid(rows);
  }
}

customElements.define("page-tables", PageTables);
