// Through a table's cells by arrow keys: the region takes the focus, and hands it to one cell at a time.

type Step = readonly [rows: number, columns: number];

const STEPS: Readonly<Record<string, Step>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** @param open - for Enter on a cell. */
export function walkCells(event: KeyboardEvent, open: (cell: HTMLTableCellElement) => void): void {
  const region = event.currentTarget as HTMLElement;
  const at = document.activeElement?.closest("td");
  if (event.key === "Escape" && at) region.focus();
  else if (event.key === "Enter" && at && event.target === at) open(at);
  else if (STEPS[event.key] && (at || event.target === region)) move(region, at ?? undefined, STEPS[event.key] as Step);
  else return;
  event.preventDefault();
}

function move(region: HTMLElement, at: HTMLTableCellElement | undefined, [rows, columns]: Step): void {
  const body = region.querySelector("tbody");
  const row = at ? (at.parentElement as HTMLTableRowElement).sectionRowIndex + rows : 0;
  const cells = body?.rows[row]?.cells;
  const first = cells?.[0]?.classList.contains("row-number") ? 1 : 0;
  const cell = cells?.[at ? Math.max(at.cellIndex + columns, first) : first];
  if (!cell) return;
  for (const old of region.querySelectorAll("td[tabindex]")) old.removeAttribute("tabindex");
  cell.tabIndex = -1;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}
