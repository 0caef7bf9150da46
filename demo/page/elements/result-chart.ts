// A result as a chart: loaded, with Chart.js, when the first one is asked for.

import type { Chart } from "chart.js";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import { count } from "../format.ts";
import { createChart, withAllMonths } from "../chart.ts";
import { type Grid, isNumericColumn, toText } from "../results.ts";

const MOST_POINTS = 500;

/** The column that names the points: the first that is no number, else the first. */
function chooseLabels(grid: Grid): number {
  return Math.max(
    grid.columns.findIndex((_, at) => !isNumericColumn(grid, at)),
    0,
  );
}

/** The column to draw: the last number that is neither a key nor the labels; `-1` when there is none. */
function chooseValues(grid: Grid, labels: number): number {
  const candidates = grid.columns.map((_, at) => at).filter((at) => at !== labels && isNumericColumn(grid, at));
  return candidates.findLast((at) => !/(^|_)id$/i.test(grid.columns[at] as string)) ?? candidates.at(-1) ?? -1;
}

export class ResultChart extends PageElement {
  static override properties = { grid: { attribute: false } };
  declare grid: Grid;
  #kind: "bar" | "line" = "bar";
  #labels = 0;
  #values = -1;
  #chart: Chart | undefined;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    super();
    this.grid = { columns: [], rows: [] };
    this.watch(this.#scheme, "change");
    this.watch(document, "themechange");
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("grid")) return;
    this.#labels = chooseLabels(this.grid);
    this.#values = chooseValues(this.grid, this.#labels);
    // Many points, or points in time, read better as a line.
    const looksLikeTime = /^\d{4}-\d\d/.test(String(this.grid.rows[0]?.[this.#labels] ?? ""));
    this.#kind = looksLikeTime || this.grid.rows.length > 40 ? "line" : "bar";
  }

  override updated(): void {
    this.#draw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  override render(): TemplateResult {
    if (this.#values < 0)
      return html`<p class="empty">A chart needs a column of numbers besides the one with their names.</p>`;
    const { columns, rows } = this.grid;
    const shown = Math.min(rows.length, MOST_POINTS);
    return html`
      <div class="chart-choices">
        ${this.#choice("Chart", this.#kind === "bar" ? 0 : 1, ["bars", "line"], (at) => (this.#kind = at === 0 ? "bar" : "line"))}
        ${this.#choice("Labels", this.#labels, columns, (at) => (this.#labels = at))}
        ${this.#choice("Values", this.#values, columns, (at) => (this.#values = at))}
        ${rows.length > MOST_POINTS ? html`<span class="hint">first ${count(MOST_POINTS)} of ${count(rows.length)} rows</span>` : nothing}
      </div>
      <div class="chart">
        <canvas
          role="img"
          aria-label="${this.#kind === "bar" ? "Bar" : "Line"} chart of ${columns[this.#values]} by ${columns[this.#labels]}, ${shown} points"
        ></canvas>
      </div>
    `;
  }

  #choice(label: string, chosen: number, names: readonly string[], choose: (at: number) => void): TemplateResult {
    const change = (event: Event): void => {
      choose((event.currentTarget as HTMLSelectElement).selectedIndex);
      this.requestUpdate();
    };
    return html`<label class="inline"
      >${label}
      <select aria-label=${label} @change=${change}>
        ${names.map((name, at) => html`<option ?selected=${at === chosen}>${name}</option>`)}
      </select>
    </label>`;
  }

  #draw(): void {
    const canvas = this.querySelector("canvas");
    if (!canvas) return;
    this.#chart?.destroy();
    const rows = this.grid.rows.slice(0, MOST_POINTS);
    const points = withAllMonths(
      rows.map((row) => ({ label: toText(row[this.#labels] ?? null), value: Number(row[this.#values] ?? NaN) })),
    );
    canvas.dataset["points"] = String(points.length);
    this.#chart = createChart(canvas, {
      kind: this.#kind,
      name: this.grid.columns[this.#values] as string,
      labels: points.map(({ label }) => label),
      values: points.map(({ value }) => value),
    });
  }
}

customElements.define("result-chart", ResultChart);
