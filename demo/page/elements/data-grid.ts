// Rows as a table, a page of them at a time.

import { html, nothing, type TemplateResult } from "lit";
import type { SqlValue } from "../../../src/index.ts";
import { count, plural } from "../format.ts";
import { type Grid, isNumeric, isNumericColumn } from "../results.ts";

export interface Sort {
  readonly column: string;
  readonly direction: "asc" | "desc";
}

export interface GridOptions {
  readonly label: string;
  /** Number of the first row, from 1; `undefined` shows no numbers. */
  readonly firstRow?: number;
  readonly sort?: Sort | undefined;
  readonly onSort?: (column: string) => void;
}

export function dataGrid(grid: Grid, { label, firstRow, sort, onSort }: GridOptions): TemplateResult {
  const numeric = grid.columns.map((_, at) => isNumericColumn(grid, at));
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="grid">
      <thead>
        <tr>
          ${firstRow === undefined ? nothing : html`<th scope="col" class="row-number"><span class="unseen">Row</span></th>`}
          ${grid.columns.map((name, at) => head(name, numeric[at] === true, sort, onSort))}
        </tr>
      </thead>
      <tbody>
        ${grid.rows.map(
          (row, index) =>
            html`<tr>
              ${firstRow === undefined ? nothing : html`<td class="row-number">${firstRow + index}</td>`}
              ${row.map((value) => html`<td class=${isNumeric(value) ? "number" : ""}>${cell(value)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function head(name: string, isNumber: boolean, sort?: Sort, onSort?: (column: string) => void): TemplateResult {
  const direction = sort?.column === name ? sort.direction : undefined;
  const order = direction === undefined ? "none" : direction === "asc" ? "ascending" : "descending";
  const kind = isNumber ? "number" : "";
  if (!onSort) return html`<th scope="col" class=${kind}>${name}</th>`;
  return html`<th scope="col" class=${kind} aria-sort=${order}>
    <button type="button" class="sort" @click=${() => onSort(name)}>
      ${name}<span aria-hidden="true" class="arrow"
        >${direction === "asc" ? "↑" : direction === "desc" ? "↓" : ""}</span
      >
    </button>
  </th>`;
}

function cell(value: SqlValue): TemplateResult | string {
  if (value === null) return html`<span class="null">NULL</span>`;
  if (value instanceof Uint8Array) return html`<span class="null">blob, ${plural(value.length, "byte")}</span>`;
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export interface Paging {
  readonly page: number;
  readonly pageSize: number;
  readonly total: number;
}

/** First, previous, next, last: and where one is. */
export function pager({ page, pageSize, total }: Paging, go: (page: number) => void): TemplateResult {
  const last = Math.max(Math.ceil(total / pageSize) - 1, 0);
  const from = total === 0 ? 0 : page * pageSize + 1;
  const step = (label: string, sign: string, target: number): TemplateResult =>
    html`<button
      type="button"
      class="quiet"
      aria-label=${label}
      title=${label}
      ?disabled=${target === page || target < 0 || target > last}
      @click=${() => go(target)}
    >
      ${sign}
    </button>`;
  return html`<nav class="pager" aria-label="Pages">
    ${step("First page", "«", 0)} ${step("Previous page", "‹", page - 1)}
    <span role="status" aria-live="polite"
      >${count(from)}–${count(Math.min((page + 1) * pageSize, total))} of ${count(total)}</span
    >
    ${step("Next page", "›", page + 1)} ${step("Last page", "»", last)}
  </nav>`;
}
