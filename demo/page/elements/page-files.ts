// Files: open one's own database, take it home again, import CSV.

import { html, nothing, type TemplateResult } from "lit";
import { download, PageElement } from "../element.ts";
import { fileSize, plural } from "../format.ts";
import { workspace } from "../workspace.ts";
import "./csv-import.ts";

export class PageFiles extends PageElement {
  #isBusy = false;

  constructor() {
    super();
    this.watch(workspace, "change");
    this.watch(workspace, "schema");
    this.watch(workspace, "notice");
  }

  override render(): TemplateResult {
    const rows = workspace.tables.reduce((sum, table) => sum + (table.kind === "table" ? (table.rows ?? 0) : 0), 0);
    return html`<div class="files">
      <section class="card" aria-labelledby="file-title">
        <header class="card-head"><h2 id="file-title">Database file</h2></header>
        <p class="lead">
          <strong>${workspace.name}</strong> is open:
          ${plural(workspace.tables.filter(({ kind }) => kind === "table").length, "table")}, ${plural(rows, "row")}.
        </p>
        <div class="drop">
          <label class="button primary"
            >Open a .sqlite file
            <input class="unseen" type="file" @change=${this.#open} />
          </label>
          <p class="hint">or drop it anywhere on this page. It stays in this browser: nothing is uploaded.</p>
        </div>
        <div class="bar">
          <button type="button" ?disabled=${this.#isBusy} @click=${this.#download}>Download the database</button>
          ${
            workspace.isSample
              ? html`<button type="button" @click=${() => workspace.openSample()}>Recreate the sample shop</button>`
              : html`<button type="button" @click=${() => workspace.openSample()}>Back to the sample shop</button>`
          }
        </div>
        ${workspace.problem ? html`<p class="failure" role="alert">${workspace.problem}</p>` : nothing}
        <p class="summary" role="status" aria-live="polite">${workspace.notice}</p>
      </section>
      <csv-import></csv-import>
    </div>`;
  }

  #open = async (event: Event): Promise<void> => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    // The same file may be chosen again.
    if (file) await workspace.openFile(file);
    input.value = "";
  };

  #download = async (): Promise<void> => {
    this.#isBusy = true;
    this.requestUpdate();
    try {
      const image = await workspace.image();
      download(workspace.fileName, image, "application/vnd.sqlite3");
      workspace.say(`Downloaded ${workspace.fileName}, ${fileSize(image.length)}.`);
    } finally {
      this.#isBusy = false;
      this.requestUpdate();
    }
  };
}

customElements.define("page-files", PageFiles);
