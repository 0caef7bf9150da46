// CSV into a table: choose, look, import; with a bar that moves and a way out.

import { html, nothing, type TemplateResult } from "lit";
import { type ColumnType, type CsvColumn, guessColumns } from "../csv/columns.ts";
import { importCsv, type ImportPlan } from "../csv/import.ts";
import { previewCsv } from "../csv/reader.ts";
import { PageElement } from "../element.ts";
import { count, duration, fileSize, plural } from "../format.ts";
import { workspace } from "../workspace.ts";
import { dataGrid } from "./data-grid.ts";

const PREVIEW_ROWS = 200;
const SHOWN_ROWS = 5;
const TYPES: readonly ColumnType[] = ["integer", "real", "text"];

interface Choice extends CsvColumn {
  /** Column of an existing table; `""`: left out. */
  readonly target: string;
}

export class CsvImport extends PageElement {
  #file: File | undefined;
  #preview: string[][] = [];
  #hasHeader = true;
  /** `""`: a new table. */
  #target = "";
  #name = "";
  #choices: Choice[] = [];
  #progress: { rows: number; bytesRead: number } | undefined;
  #abort: AbortController | undefined;
  #problem = "";
  #done = "";

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#forget());
    this.watch(workspace, "schema");
    this.watch(document, "csvfile", (event) => void this.#take((event as CustomEvent<File>).detail));
  }

  override render(): TemplateResult {
    return html`<section class="card csv" aria-labelledby="csv-title">
      <header class="card-head"><h2 id="csv-title">Import CSV</h2></header>
      <p class="lead">The whole import is one session: if you cancel it, or a row fails, the database is unchanged.</p>
      <div class="drop">
        <label class="button"
          >Choose a .csv file
          <input
            class="unseen"
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            ?disabled=${this.#abort !== undefined}
            @change=${this.#choose}
          />
        </label>
        <p class="hint">
          ${this.#file ? `${this.#file.name}, ${fileSize(this.#file.size)}` : "A header row, and commas, semicolons or tabs: both are detected."}
        </p>
      </div>
      ${this.#file && this.#preview.length > 0 ? this.#form() : nothing}
      ${this.#problem ? html`<p class="failure" role="alert">${this.#problem}</p>` : nothing}
      <p class="summary" role="status" aria-live="polite">${this.#done}</p>
    </section>`;
  }

  #form(): TemplateResult {
    const isBusy = this.#abort !== undefined;
    return html`<form @submit=${this.#submit}>
      <fieldset ?disabled=${isBusy}>
        <legend class="unseen">How to import</legend>
        <div class="fields">
          <label
            >Into
            <select name="target" @change=${this.#retarget}>
              <option value="">a new table</option>
              ${this.#tables().map(({ name }) => html`<option value=${name} ?selected=${name === this.#target}>${name}</option>`)}
            </select>
          </label>
          ${
            this.#target === ""
              ? html`<label
                  >Name <input name="name" required autocomplete="off" .value=${this.#name} @input=${this.#rename}
                /></label>`
              : nothing
          }
          <label class="check"
            ><input type="checkbox" name="header" .checked=${this.#hasHeader} @change=${this.#reread} /> first row has
            names</label
          >
        </div>
        ${this.#columns()}
        ${dataGrid({ columns: this.#choices.map(({ name }) => name), rows: this.#records().slice(0, SHOWN_ROWS) }, { label: "First rows of the file" })}
      </fieldset>
      ${isBusy ? this.#bar() : html`<div class="bar"><button type="submit" class="primary">Import</button></div>`}
    </form>`;
  }

  #tables(): readonly { name: string }[] {
    return workspace.tables.filter(({ kind }) => kind === "table");
  }

  #columns(): TemplateResult {
    const known = workspace.completions[this.#target] ?? [];
    const options = this.#target === "" ? TYPES : known;
    return html`<div class="columns" role="group" aria-label="Columns">
      ${this.#choices.map((choice, at) => {
        const chosen = this.#target === "" ? choice.type : choice.target;
        return html`<label
          ><span class="clip">${choice.name}</span>
          <select @change=${(event: Event) => this.#map(at, (event.currentTarget as HTMLSelectElement).value)}>
            ${this.#target === "" ? nothing : html`<option value="" ?selected=${chosen === ""}>leave out</option>`}
            ${options.map((option) => html`<option value=${option} ?selected=${option === chosen}>${option}</option>`)}
          </select>
        </label>`;
      })}
    </div>`;
  }

  #bar(): TemplateResult {
    const { rows, bytesRead } = this.#progress ?? { rows: 0, bytesRead: 0 };
    const share = bytesRead / Math.max(this.#file?.size ?? 1, 1);
    return html`<div class="bar importing">
      <progress aria-label="Import" max="1" .value=${share}></progress>
      <span class="number">${Math.floor(share * 100)} % · ${count(rows)} rows</span>
      <button type="button" @click=${() => this.#abort?.abort()}>Cancel</button>
    </div>`;
  }

  #records(): string[][] {
    return this.#hasHeader ? this.#preview.slice(1) : this.#preview;
  }

  #choose = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file) void this.#take(file);
    input.value = "";
  };

  async #take(file: File): Promise<void> {
    if (this.#abort) return;
    this.#forget();
    this.#file = file;
    try {
      this.#preview = await previewCsv(file, PREVIEW_ROWS);
      if (this.#preview.length === 0) this.#problem = `${file.name} is empty.`;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.#name = tableName(file.name);
    // Names are words; a first row with a number in it is data.
    this.#hasHeader = !(this.#preview[0] ?? []).some((field) => field !== "" && Number.isFinite(Number(field)));
    this.#guess();
  }

  #guess(): void {
    const first = this.#preview[0] ?? [];
    const names = this.#hasHeader ? first : first.map(() => "");
    const known = workspace.completions[this.#target] ?? [];
    this.#choices = guessColumns(names, this.#records()).map((column, at) => {
      const same = known.find((name) => name.toLowerCase() === column.name.toLowerCase());
      return { ...column, target: same ?? (this.#hasHeader ? "" : (known[at] ?? "")) };
    });
    this.requestUpdate();
  }

  #retarget = (event: Event): void => {
    this.#target = (event.currentTarget as HTMLSelectElement).value;
    this.#guess();
  };

  #rename = (event: Event): void => {
    this.#name = (event.currentTarget as HTMLInputElement).value;
  };

  #reread = (event: Event): void => {
    this.#hasHeader = (event.currentTarget as HTMLInputElement).checked;
    this.#guess();
  };

  #map(at: number, value: string): void {
    this.#choices = this.#choices.map((choice, index) => {
      if (index !== at) return choice;
      return this.#target === "" ? { ...choice, type: value as ColumnType } : { ...choice, target: value };
    });
    this.requestUpdate();
  }

  #plan(): ImportPlan {
    const isNew = this.#target === "";
    const columns = this.#choices
      .map(({ name, target, type }, field) => ({ name: isNew ? name : target, type, field }))
      .filter(({ name }) => name !== "");
    return { table: isNew ? this.#name.trim() : this.#target, isNew, hasHeader: this.#hasHeader, columns };
  }

  #submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const plan = this.#plan();
    const file = this.#file;
    this.#problem = refusal(plan);
    this.#done = "";
    this.requestUpdate();
    if (!file || this.#problem) return;
    this.#abort = new AbortController();
    this.#progress = { rows: 0, bytesRead: 0 };
    const begun = performance.now();
    const onProgress = (progress: { rows: number; bytesRead: number }): void => {
      this.#progress = progress;
      this.requestUpdate();
    };
    const { signal } = this.#abort;
    try {
      const rows = await importCsv(workspace.db, file, plan, { signal, onProgress });
      this.#file = undefined;
      this.#done = `${plural(rows, "row")} imported into ${plan.table} in ${duration(performance.now() - begun)}.`;
    } catch (error) {
      if (signal.aborted)
        this.#done = `Cancelled after ${plural(this.#progress.rows, "row")}; all of them were rolled back.`;
      else this.#problem = `Nothing was imported. ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#abort = undefined;
    await workspace.noteChange({ isUrgent: true });
    this.requestUpdate();
  };

  #forget(): void {
    this.#abort?.abort();
    this.#file = undefined;
    this.#preview = [];
    this.#choices = [];
    this.#target = "";
    this.#problem = "";
    this.#done = "";
  }
}

function refusal({ table, isNew, columns }: ImportPlan): string {
  if (columns.length === 0) return "Choose at least one column to import.";
  const names = columns.map(({ name }) => name.toLowerCase());
  const twin = names.find((name, at) => names.indexOf(name) !== at);
  if (twin !== undefined) return `Two columns of the file go into “${twin}”: leave one out.`;
  const isTaken = isNew && workspace.tables.some(({ name }) => name.toLowerCase() === table.toLowerCase());
  return isTaken ? `There is already a table “${table}”: choose it above, or use another name.` : "";
}

function tableName(file: string): string {
  const base = file
    .replace(/\.[^.]*$/, "")
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  return base.toLowerCase() || "imported";
}

customElements.define("csv-import", CsvImport);
