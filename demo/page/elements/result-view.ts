// What one statement answered: rows as a table or chart, or how many it changed.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Answer } from "../console/run.ts";
import { download, PageElement } from "../element.ts";
import { count, duration, oneLine, plural } from "../format.ts";
import { toCsv, toJson } from "../results.ts";
import { dataGrid, pager } from "./data-grid.ts";
import { showValue } from "./value-panel.ts";

const PAGE_SIZE = 100;

export class ResultView extends PageElement {
  static override properties = {
    answer: { attribute: false },
    number: { type: Number },
    isUndone: { attribute: false },
  };
  declare answer: Answer;
  declare number: number;
  /** Its transaction was rolled back. */
  declare isUndone: boolean;
  #page = 0;
  #isChart = false;

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("answer")) return;
    this.#page = 0;
    this.#isChart = false;
  }

  override render(): TemplateResult {
    const { sql, grid, durationMs, statements } = this.answer;
    const isQuery = grid.columns.length > 0;
    return html`<section class="card result" aria-label="Result ${this.number}">
      <header class="card-head">
        <h3><span class="gist">${this.#gist()}</span> <span class="hint">in ${duration(durationMs)}</span></h3>
        ${this.isUndone ? html`<strong class="undone">rolled back</strong>` : nothing}
        <code class="hint clip">${statements > 1 ? "" : oneLine(sql, 90)}</code>
        ${isQuery && grid.rows.length > 0 ? this.#tools() : nothing}
      </header>
      ${isQuery ? (this.#isChart ? this.#chart() : this.#table()) : nothing}
    </section>`;
  }

  #gist(): string {
    const { grid, rowsAffected, statements, isCut } = this.answer;
    const isQuery = grid.columns.length > 0;
    const changed = `${plural(rowsAffected, "row")} changed`;
    if (statements > 1) return `${plural(statements, "more statement")}: ${rowsAffected > 0 ? changed : "done"}`;
    if (!isQuery) return rowsAffected > 0 ? changed : "done";
    const rows = isCut ? `the first ${count(grid.rows.length)} rows` : plural(grid.rows.length, "row");
    return rowsAffected > 0 ? `${rows}, ${count(rowsAffected)} changed` : rows;
  }

  #tools(): TemplateResult {
    const { grid } = this.answer;
    return html`<div class="tools">
      <button type="button" class="quiet" aria-pressed=${this.#isChart} @click=${() => void this.#toggle()}>
        Chart
      </button>
      <button type="button" class="quiet" @click=${() => download("result.csv", toCsv(grid), "text/csv")}>CSV</button>
      <button type="button" class="quiet" @click=${() => download("result.json", toJson(grid), "application/json")}>
        JSON
      </button>
    </div>`;
  }

  async #toggle(): Promise<void> {
    if (!this.#isChart) await this.#loadChart();
    this.#isChart = !this.#isChart;
    this.requestUpdate();
  }

  async #loadChart(): Promise<void> {
    await import("./result-chart.ts").catch(() => undefined);
    this.requestUpdate();
  }

  #chart(): TemplateResult {
    if (customElements.get("result-chart")) return html`<result-chart .grid=${this.answer.grid}></result-chart>`;
    return html`<p class="empty" role="alert">
      Charts are loaded when the first one is asked for, and that failed: is there a network?
      <button type="button" class="link" @click=${() => void this.#loadChart()}>Try again</button>
    </p>`;
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
    const onOpen = (row: number, column: number): void =>
      showValue({
        title: `${grid.columns[column]}, row ${count(first + row + 1)}`,
        value: shown.rows[row]?.[column] ?? null,
      });
    return html`${dataGrid(shown, { label: `Rows of result ${this.number}`, firstRow: first + 1, onOpen })}
    ${grid.rows.length > PAGE_SIZE ? pager({ page: this.#page, pageSize: PAGE_SIZE, total: grid.rows.length }, go) : nothing}`;
  }
}

customElements.define("result-view", ResultView);
