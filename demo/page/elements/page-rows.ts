// The rows of one table, a page at a time: sorted, filtered, changed; and how the table is made.

import { html, nothing, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import { readSchema, type TableSchema } from "../catalog.ts";
import { PageElement } from "../element.ts";
import { count } from "../format.ts";
import { hashOf, placeOf } from "../link.ts";
import {
  changeValue,
  type Filter,
  keyOf,
  type Operator,
  OPERATORS,
  readRows,
  type RowPage,
} from "../rows/table-rows.ts";
import { workspace } from "../workspace.ts";
import { dataGrid, pager, type Sort } from "./data-grid.ts";
import { tableSchema } from "./table-schema.ts";
import { showValue } from "./value-panel.ts";

const PAGE_SIZES = [25, 50, 100, 250];
const LABEL = "the rows of a table";

export class PageRows extends PageElement {
  #table: string | undefined;
  #view: "rows" | "schema" = "rows";
  #page = 0;
  #pageSize = 50;
  #sort: Sort | undefined;
  #filter: Filter = { column: "", operator: "contains", value: "" };
  #rows: RowPage | undefined;
  #schema: TableSchema | undefined;
  #error: string | undefined;
  #notice = "";
  /** Answers to older questions are dropped. */
  #asked = 0;

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#open(this.#named()));
    this.watch(workspace, "schema", () => this.#reload());
    this.watch(activities, "change");
    this.watch(window, "hashchange", () => this.show());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.show();
  }

  /** Called when the view comes into sight. */
  show(): void {
    const named = this.#named();
    if (named !== this.#table) this.#open(named);
    else this.#reload();
  }

  /** The table that the address names, or the first there is. */
  #named(): string | undefined {
    const { view, name } = placeOf(location.hash);
    const own = workspace.tables.filter(({ isInternal }) => !isInternal);
    if (view !== "rows") return this.#table ?? own[0]?.name;
    return own.some((table) => table.name === name) ? name : own[0]?.name;
  }

  override render(): TemplateResult {
    if (this.#table === undefined)
      return html`<p class="empty card">There is no table yet. Import a CSV file, or create one in the console.</p>`;
    const tab = (view: "rows" | "schema", name: string): TemplateResult =>
      html`<button type="button" aria-pressed=${this.#view === view} @click=${() => this.#look(view)}>${name}</button>`;
    return html`<section class="card table-view" aria-labelledby="table-title">
      <header class="card-head">
        <h2 id="table-title">${this.#table}</h2>
        <div class="segmented" role="group" aria-label="What to show">
          ${tab("rows", "Rows")}${tab("schema", "Schema")}
        </div>
        ${this.#view === "rows" ? this.#filters() : nothing}
      </header>
      ${this.#error ? html`<p class="failure" role="alert">${this.#error}</p>` : this.#view === "rows" ? this.#shown(this.#table) : this.#described()}
      <p class="summary" role="status" aria-live="polite">${this.#notice}</p>
    </section>`;
  }

  #filters(): TemplateResult {
    const { column, operator, value } = this.#filter;
    const isOpen = operator !== "null" && operator !== "not null";
    const set = (change: Partial<Filter>): void => {
      this.#filter = { ...this.#filter, ...change };
      this.#go(0);
    };
    return html`<div class="filters" role="group" aria-label="Filter">
      <select aria-label="Column to filter by" @change=${(event: Event) => set({ column: valueOf(event) })}>
        <option value="">any column</option>
        ${(this.#schema?.columns ?? []).map(({ name }) => html`<option value=${name} ?selected=${name === column}>${name}</option>`)}
      </select>
      <select aria-label="How to filter" @change=${(event: Event) => set({ operator: valueOf(event) as Operator })}>
        ${Object.entries(OPERATORS).map(([key, name]) => html`<option value=${key} ?selected=${key === operator}>${name}</option>`)}
      </select>
      ${isOpen ? html`<input type="search" aria-label="Value to filter by" placeholder="filter rows" .value=${value} @input=${(event: Event) => set({ value: valueOf(event) })} />` : nothing}
    </div>`;
  }

  #shown(table: string): TemplateResult {
    if (!this.#rows) return html`<p class="empty" role="status">${activities.waitFor(LABEL) || "Loading…"}</p>`;
    const { grid, total, keys } = this.#rows;
    const paging = { page: this.#page, pageSize: this.#pageSize, total };
    return html`
      ${
        grid.rows.length === 0
          ? html`<p class="empty">${this.#filter.value === "" ? "This table is empty." : "No row is like that."}</p>`
          : dataGrid(grid, {
              label: `Rows of ${table}`,
              firstRow: this.#page * this.#pageSize + 1,
              sort: this.#sort,
              onSort: (column) => this.#sortBy(column),
              onOpen: (row, column) => this.#openValue(row, column),
            })
      }
      <div class="bar">
        ${pager(paging, (page) => this.#go(page))}
        <span class="hint"
          >${activities.waitFor(LABEL) || (keys ? "A double click or Enter opens a value, to read or to change." : "")}</span
        >
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

  #openValue(row: number, at: number): void {
    const [rows, table, schema] = [this.#rows, this.#table, this.#schema];
    if (!rows || table === undefined) return;
    const name = rows.grid.columns[at] as string;
    const value = rows.grid.rows[row]?.[at] ?? null;
    const column = schema?.columns.find((each) => each.name === name);
    const key = schema && keyOf(schema, this.#kind);
    const canChange = key && column && !column.isGenerated;
    const of = rows.keys?.[row] ?? [];
    const save = async (after: typeof value): Promise<void> => {
      if (!key || !column) return;
      await activities.during("your change", () =>
        changeValue(workspace.db, { table, column, key, of, before: value, after }),
      );
      this.#notice = `Changed ${name} of one row, in a session.`;
      await workspace.noteChange();
      this.#reload();
    };
    const title = `${name}, row ${count(this.#page * this.#pageSize + row + 1)}`;
    showValue({ title, value, type: rows.grid.types?.[row]?.[at], save: canChange ? save : undefined });
  }

  get #kind(): "table" | "view" {
    return workspace.tables.find(({ name }) => name === this.#table)?.kind ?? "table";
  }

  #open(table: string | undefined): void {
    this.#table = table;
    this.#page = 0;
    this.#sort = undefined;
    this.#filter = { column: "", operator: "contains", value: "" };
    this.#rows = undefined;
    this.#schema = undefined;
    this.#notice = "";
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
    this.#pageSize = Number(valueOf(event));
    this.#go(0);
  };

  #reload(): void {
    this.requestUpdate();
    if (this.closest("[hidden]") || !workspace.isReady) return;
    if (!workspace.tables.some(({ name }) => name === this.#table)) this.#table = this.#named();
    if (this.#table === undefined) return;
    // A bookmark of a table leads to it; one that was found for want of a name has it in the address too.
    if (placeOf(location.hash).view === "rows" && placeOf(location.hash).name !== this.#table)
      history.replaceState(undefined, "", hashOf({ door: "try", view: "rows", name: this.#table }));
    void this.#load(this.#table);
  }

  async #load(table: string): Promise<void> {
    const asked = ++this.#asked;
    const info = workspace.tables.find(({ name }) => name === table);
    try {
      if (info?.problem) throw new Error(info.problem);
      await activities.during(LABEL, async () => {
        const schema = await readSchema(workspace.db, table);
        const rows = this.#view === "rows" ? await this.#read(table, schema) : undefined;
        if (asked !== this.#asked) return;
        this.#schema = schema;
        this.#rows = rows ?? this.#rows;
        this.#error = undefined;
      });
    } catch (error) {
      if (asked === this.#asked) this.#error = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  #read(table: string, schema: TableSchema): Promise<RowPage> {
    const columns = schema.columns.map(({ name }) => name);
    const wanted = {
      table,
      columns,
      filter: this.#filter,
      sort: this.#sort,
      limit: this.#pageSize,
      offset: this.#page * this.#pageSize,
    };
    return readRows(workspace.db, wanted, keyOf(schema, this.#kind));
  }
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
}

customElements.define("page-rows", PageRows);
