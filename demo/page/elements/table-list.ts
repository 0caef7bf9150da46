// What is in the database, beside the console: each table a link to its rows.

import { html, nothing, type TemplateResult } from "lit";
import type { TableInfo } from "../catalog.ts";
import { PageElement } from "../element.ts";
import { count, plural } from "../format.ts";
import { hashOf, placeOf } from "../link.ts";
import { workspace } from "../workspace.ts";

/** Fewer are found at a glance. */
const FILTERED_FROM = 12;

export class TableList extends PageElement {
  #filter = "";

  constructor() {
    super();
    this.watch(workspace, "change");
    this.watch(workspace, "schema");
    this.watch(window, "hashchange");
  }

  override updated(): void {
    // Only the list scrolls: the page stays where it is.
    const list = this.querySelector("ul");
    const current = this.querySelector<HTMLElement>("[aria-current=page]");
    if (!list || !current) return;
    const above = current.offsetTop - list.offsetTop;
    if (above < list.scrollTop || above > list.scrollTop + list.clientHeight - current.offsetHeight)
      list.scrollTop = above;
  }

  override render(): TemplateResult {
    const own = workspace.tables.filter(({ isInternal }) => !isInternal);
    const internal = workspace.tables.length - own.length;
    const wanted = own.filter(({ name }) => name.toLowerCase().includes(this.#filter.toLowerCase()));
    return html`<nav class="table-list" aria-label="Tables">
      <h2>Tables</h2>
      ${own.length >= FILTERED_FROM ? this.#search(own.length) : nothing}
      ${own.length === 0 ? html`<p class="empty">This database has no tables. Create one in the console, or import a CSV file.</p>` : nothing}
      <ul>
        ${wanted.map((table) => item(table))}
      </ul>
      ${own.length > 0 && wanted.length === 0 ? html`<p class="empty">No table has such a name.</p>` : nothing}
      ${internal > 0 ? html`<p class="hint">${plural(internal, "more table")} that full-text or R-Tree tables keep their data in.</p>` : nothing}
    </nav>`;
  }

  #search(total: number): TemplateResult {
    return html`<input
      type="search"
      aria-label="Filter tables"
      placeholder="Filter ${count(total)} tables"
      .value=${this.#filter}
      @input=${(event: Event) => {
        this.#filter = (event.currentTarget as HTMLInputElement).value;
        this.requestUpdate();
      }}
    />`;
  }
}

function item({ name, kind, rows, problem }: TableInfo): TemplateResult {
  const { view, name: shown } = placeOf(location.hash);
  const isCurrent = view === "rows" && shown === name;
  return html`<li>
    <a
      href=${hashOf({ door: "try", view: "rows", name })}
      aria-current=${isCurrent ? "page" : "false"}
      title=${problem || name}
    >
      <span class="clip">${name}</span>
      <span class="hint">${kind === "view" ? "view · " : ""}${rows === undefined ? "unreadable" : count(rows)}</span>
    </a>
  </li>`;
}

customElements.define("table-list", TableList);
