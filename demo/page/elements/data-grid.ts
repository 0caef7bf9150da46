// Rows as a table, a page of them at a time. Arrow keys walk through the cells, Enter or a double click opens one.

import { html, nothing, type TemplateResult } from "lit";
import type { SqlValue } from "../../../src/index.ts";
import { count, plural } from "../format.ts";
import { type Grid, isNumeric, isNumericColumn, toText } from "../results.ts";
import { walkCells } from "./cell-keys.ts";

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
  /** Opens a value whole; by place in `rows` and `columns`. */
  readonly onOpen?: (row: number, column: number) => void;
}

export function dataGrid(grid: Grid, { label, firstRow, sort, onSort, onOpen }: GridOptions): TemplateResult {
  const numeric = grid.columns.map((_, at) => isNumericColumn(grid, at));
  const before = firstRow === undefined ? 0 : 1;
  const open = (cell: HTMLTableCellElement): void => {
    const row = (cell.parentElement as HTMLTableRowElement).rowIndex - 1;
    if (cell.cellIndex >= before) onOpen?.(row, cell.cellIndex - before);
  };
  return html`<div
    class="table-scroll"
    tabindex="0"
    role="region"
    aria-label=${label}
    @keydown=${onOpen ? (event: KeyboardEvent) => walkCells(event, open) : nothing}
    @dblclick=${onOpen ? (event: MouseEvent) => openAt(event, open) : nothing}
  >
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
              ${row.map((value, at) => html`<td class=${isNumeric(value) ? "number" : ""}>${cell(value, grid.types?.[index]?.[at], onOpen && (() => onOpen(index, at)))}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function openAt(event: MouseEvent, open: (cell: HTMLTableCellElement) => void): void {
  const cell = (event.target as Element).closest("td");
  if (cell) open(cell);
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

const SHOWN = 300;
/** Of a longer text: the button behind it must not be clipped with it. */
const BEGINNING = 36;

function cell(value: SqlValue, type: string | undefined, open: (() => void) | undefined): TemplateResult | string {
  if (value === null) return html`<span class="null">NULL</span>`;
  if (value instanceof Uint8Array) return more(`blob, ${plural(value.length, "byte")}`, open);
  if (value === "") return html`<span class="null" title="A text without letters">''</span>`;
  const text = toText(value, type);
  if (text.length > SHOWN)
    return html`${marked(text.slice(0, BEGINNING))}${more(`… ${count(text.length)} letters`, open)}`;
  return typeof value === "string" ? marked(text) : text;
}

/** What is only a part has a button to the whole, for those who do not think of a double click. */
function more(text: string, open: (() => void) | undefined): TemplateResult {
  if (!open) return html`<span class="null">${text}</span>`;
  return html`<button type="button" class="link null" tabindex="-1" @click=${open}>${text}</button>`;
}

/** Blanks at an end, tabs and line breaks, as signs: else they look like nothing, or like one another. */
function marked(text: string): TemplateResult | string {
  if (!/^\s|\s$|[\n\r\t]|\s\s/.test(text)) return text;
  const parts = text.split(/(^\s+|\s+$|[\n\r\t]+|\s{2,})/).filter((part) => part !== "");
  return html`${parts.map((part) => (/\S/.test(part) ? part : html`<span class="blank">${signs(part)}</span>`))}`;
}

function signs(blanks: string): string {
  return blanks
    .replaceAll("\r\n", "↵")
    .replaceAll(/[\n\r]/g, "↵")
    .replaceAll("\t", "→")
    .replaceAll(/[^↵→]/gu, "·");
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
