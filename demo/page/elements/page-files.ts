// Databases: which one is open and where it is kept; others, files and addresses to open, and the way out.

import { html, nothing, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import { dumpOf } from "../dump.ts";
import { download, PageElement } from "../element.ts";
import type { KeptIn } from "../engine/engine.ts";
import { duration, fileSize, plural } from "../format.ts";
import { tabs } from "../sessions/timeline.ts";
import { type Kept, shelf } from "../shelf.ts";
import { workspace } from "../workspace.ts";

const PLACES: Readonly<Record<KeptIn, string>> = {
  opfs: "Kept in this browser, in its own file system (OPFS): each commit survives a reload and a crash.",
  indexeddb: "Kept in this browser, in IndexedDB: each commit survives a reload and a crash.",
  memory: "In memory alone: it is gone when this page is closed. Download it to keep it.",
};

export class PageFiles extends PageElement {
  #isBusy = false;
  #address = "";

  constructor() {
    super();
    this.watch(workspace, "change");
    this.watch(workspace, "schema");
    this.watch(workspace, "notice");
    this.watch(activities, "change");
    this.watch(tabs, "change");
  }

  override render(): TemplateResult {
    const own = workspace.tables.filter(({ kind, isInternal }) => kind === "table" && !isInternal);
    const rows = own.reduce((sum, table) => sum + (table.rows ?? 0), 0);
    const waits = activities.waitFor("the download");
    return html`<section class="card" aria-labelledby="file-title">
      <header class="card-head"><h2 id="file-title">Database file</h2></header>
      <p class="lead">
        <strong>${workspace.name}</strong> is open: ${plural(own.length, "table")}, ${plural(rows, "row")}.
        ${workspace.keptIn ? PLACES[workspace.keptIn] : nothing} ${this.#led()}
      </p>
      <div class="drop">
        <div class="drop-buttons">
          <label class="button primary"
            >Open a .sqlite file
            <input class="unseen" type="file" @change=${this.#open} />
          </label>
          <button type="button" @click=${() => workspace.openEmpty()}>New empty database</button>
        </div>
        <p class="hint">
          or drop one anywhere on this page, a .sql script or a .csv file as well. It stays in this browser: nothing is
          uploaded.
        </p>
        <form class="address" @submit=${this.#fetch}>
          <input
            type="url"
            required
            aria-label="Address of a database"
            placeholder="https://example.com/shop.sqlite"
            .value=${this.#address}
            @input=${(event: Event) => (this.#address = (event.currentTarget as HTMLInputElement).value)}
          />
          <button type="submit">Open by address</button>
        </form>
      </div>
      <div class="bar">
        <button type="button" ?disabled=${this.#isBusy} @click=${this.#download}>Download the database</button>
        <button type="button" ?disabled=${this.#isBusy} @click=${this.#dump}>Download as SQL</button>
        ${workspace.isSample ? html`<button type="button" @click=${this.#renew}>Recreate the sample shop</button>` : nothing}
      </div>
      ${this.#isBusy && waits ? html`<p class="notice" role="status">${waits}</p>` : nothing}
      ${workspace.problem ? html`<p class="failure" role="alert">${workspace.problem}</p>` : nothing}
      <p class="summary" role="status" aria-live="polite">${workspace.notice}</p>
      ${this.#others()}
    </section>`;
  }

  /** Which tab has it open, for all that share it. */
  #led(): TemplateResult | typeof nothing {
    const others = tabs.beside.length;
    if (workspace.role === "leader")
      return html`This tab leads:
      ${others === 0 ? "another one would share it." : `the sessions of ${plural(others, "other tab")} run here, in line with its own.`}`;
    return workspace.role === "follower"
      ? html`Another tab leads: this one’s sessions run there, and here when it is closed.`
      : nothing;
  }

  #others(): TemplateResult {
    const item = (kept: Kept): TemplateResult => {
      const isOpen = kept.id === workspace.kept.id;
      return html`<li>
        <span class="clip">${kept.name}</span>
        ${isOpen ? html`<span class="hint">open</span>` : html`<button type="button" class="link" @click=${() => workspace.reopen(kept)}>Open ${kept.name}</button>`}
        ${kept.isSample ? nothing : html`<button type="button" class="link" @click=${() => this.#remove(kept)}>Remove<span class="unseen"> ${kept.name}</span></button>`}
      </li>`;
    };
    return html`<h3 class="kept-title">In this browser</h3>
      <ul class="kept" aria-label="Databases in this browser">
        ${shelf.all.map(item)}
      </ul>`;
  }

  #open = async (event: Event): Promise<void> => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    // The same file may be chosen again.
    input.value = "";
    if (file) document.dispatchEvent(new CustomEvent("userfile", { detail: file }));
  };

  #fetch = (event: Event): void => {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("useraddress", { detail: this.#address }));
  };

  #renew = async (): Promise<void> => {
    if (!confirm("All that was changed in the sample shop is lost. Recreate it?")) return;
    await workspace.renewSample();
    workspace.say("The sample shop is as it was made.");
  };

  #remove = async (kept: Kept): Promise<void> => {
    if (confirm(`${kept.name} is deleted from this browser, with all that was changed in it. Remove it?`))
      await workspace.remove(kept);
  };

  #download = (): Promise<void> =>
    this.#hand("the database", async () => {
      const image = await workspace.image();
      download(workspace.fileName, image, "application/vnd.sqlite3");
      return `Downloaded ${workspace.fileName}, ${fileSize(image.length)}`;
    });

  #dump = (): Promise<void> =>
    this.#hand("the SQL", async () => {
      const sql = await activities.during("the download", () => dumpOf(workspace.db));
      const name = `${workspace.fileName.replace(/\.[^.]*$/, "")}.sql`;
      download(name, sql, "application/sql");
      return `Downloaded ${name}, ${fileSize(sql.size)}`;
    });

  async #hand(what: string, work: () => Promise<string>): Promise<void> {
    this.#isBusy = true;
    this.requestUpdate();
    const begun = performance.now();
    try {
      const text = await work();
      workspace.say(`${text}, in ${duration(performance.now() - begun)}.`);
    } catch (error) {
      workspace.complain(`Downloading ${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#isBusy = false;
      this.requestUpdate();
    }
  }
}

customElements.define("page-files", PageFiles);
