// What one statement answered: rows as a table or chart, or how many it changed.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Answer } from "../console/run.ts";
import { download, PageElement } from "../element.ts";
import { duration, oneLine, plural } from "../format.ts";
import { toCsv, toJson } from "../results.ts";
import { dataGrid, pager } from "./data-grid.ts";
import "./result-chart.ts";

const PAGE_SIZE = 100;

export class ResultView extends PageElement {
  static override properties = { answer: { attribute: false }, number: { type: Number } };
  declare answer: Answer;
  declare number: number;
  #page = 0;
  #isChart = false;

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("answer")) return;
    this.#page = 0;
    this.#isChart = false;
  }

  override render(): TemplateResult {
    const { sql, grid, rowsAffected, durationMs } = this.answer;
    const isQuery = grid.columns.length > 0;
    const gist = isQuery
      ? plural(grid.rows.length, "row")
      : rowsAffected > 0
        ? `${plural(rowsAffected, "row")} changed`
        : "done";
    const changed = isQuery && rowsAffected > 0 ? `, ${rowsAffected} changed` : "";
    return html`<section class="card result" aria-label="Result ${this.number}">
      <header class="card-head">
        <h3><span class="gist">${gist}${changed}</span> <span class="hint">in ${duration(durationMs)}</span></h3>
        <code class="hint clip">${oneLine(sql, 90)}</code>
        ${isQuery && grid.rows.length > 0 ? this.#tools() : nothing}
      </header>
      ${isQuery ? (this.#isChart ? html`<result-chart .grid=${grid}></result-chart>` : this.#table()) : nothing}
    </section>`;
  }

  #tools(): TemplateResult {
    const toggle = (): void => {
      this.#isChart = !this.#isChart;
      this.requestUpdate();
    };
    const { grid } = this.answer;
    return html`<div class="tools">
      <button type="button" class="quiet" aria-pressed=${this.#isChart} @click=${toggle}>Chart</button>
      <button type="button" class="quiet" @click=${() => download("result.csv", toCsv(grid), "text/csv")}>CSV</button>
      <button type="button" class="quiet" @click=${() => download("result.json", toJson(grid), "application/json")}>
        JSON
      </button>
    </div>`;
  }

  #table(): TemplateResult {
    const { grid } = this.answer;
    if (grid.rows.length === 0) return html`<p class="empty">No rows.</p>`;
    const first = this.#page * PAGE_SIZE;
    const shown = { columns: grid.columns, rows: grid.rows.slice(first, first + PAGE_SIZE) };
    const go = (page: number): void => {
      this.#page = page;
      this.requestUpdate();
    };
    return html`${dataGrid(shown, { label: `Rows of result ${this.number}`, firstRow: first + 1 })}
    ${grid.rows.length > PAGE_SIZE ? pager({ page: this.#page, pageSize: PAGE_SIZE, total: grid.rows.length }, go) : nothing}`;
  }
}

customElements.define("result-view", ResultView);
