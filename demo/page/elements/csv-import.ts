// CSV into a table: choose, look, import; with a bar that moves, a way out, and a report.

import { html, nothing, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import type { ColumnType } from "../csv/columns.ts";
import { CsvPlan } from "../csv/plan.ts";
import { ENCODINGS, type Encoding, findEncoding } from "../csv/encoding.ts";
import { type Empty, importCsv, type ImportReport, type Ragged } from "../csv/import.ts";
import { type Survey, survey } from "../csv/survey.ts";
import { readSchema } from "../catalog.ts";
import { PageElement } from "../element.ts";
import { count, duration, fileSize, plural } from "../format.ts";
import { workspace } from "../workspace.ts";
import { dataGrid } from "./data-grid.ts";

const SHOWN_ROWS = 5;
const DELIMITERS = { "": "as found", ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" } as const;
const EMPTY: Record<Empty, string> = {
  quotes: 'nothing is NULL, "" is an empty text',
  null: "always NULL",
  text: "always an empty text",
};
const RAGGED: Record<Ragged, string> = {
  keep: "import them; what is too much, into a column of its own",
  cut: "import them; what is too much is dropped",
  skip: "leave those rows out",
  refuse: "refuse the file",
};

export class CsvImport extends PageElement {
  #file: File | undefined;
  #survey: Survey | undefined;
  #plan = new CsvPlan();
  /** Of the survey, or of the import. */
  #progress: { isImport: boolean; rows: number; bytesRead: number } | undefined;
  #abort: AbortController | undefined;
  /** The chosen table is looked at: an import that is asked for meanwhile waits for that. */
  #knowing: Promise<void> = Promise.resolve();
  #problem = "";
  #done = "";
  #report: ImportReport | undefined;

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#forget());
    this.watch(workspace, "schema");
    this.watch(activities, "change");
  }

  /** Takes a file, as one that was chosen or dropped. */
  async take(file: File): Promise<void> {
    if (this.#progress?.isImport) return;
    this.#forget();
    this.#file = file;
    this.#plan = new CsvPlan(tableName(file.name), await findEncoding(file));
    await this.#look();
  }

  override render(): TemplateResult {
    const isBusy = this.#progress !== undefined;
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
            ?disabled=${isBusy}
            @change=${this.#choose}
          />
        </label>
        <p class="hint">
          ${this.#file ? `${this.#file.name}, ${fileSize(this.#file.size)}${this.#survey ? `, ${plural(this.#survey.rows, "row")}` : ""}` : "Its encoding, delimiter, header and types are found by reading all of it; you can change each."}
        </p>
      </div>
      ${this.#file && this.#survey && this.#survey.columns.length > 0 ? this.#form(this.#file, this.#survey) : isBusy ? this.#bar() : nothing}
      ${this.#problem ? html`<p class="failure" role="alert">${this.#problem}</p>` : nothing}
      <p class="summary" role="status" aria-live="polite">${this.#done}</p>
      ${this.#report ? reportList(this.#report) : nothing}
    </section>`;
  }

  #form(file: File, found: Survey): TemplateResult {
    const isBusy = this.#progress !== undefined;
    const waits = isBusy ? activities.waitFor("your import") : "";
    return html`<form @submit=${this.#submit}>
      <fieldset ?disabled=${isBusy}>
        <legend class="unseen">How to import</legend>
        <div class="fields">${this.#target()} ${this.#reading(found)} ${this.#choices(found)}</div>
        ${this.#warnings(found)}
      </fieldset>
      ${waits ? html`<p class="notice" role="status">${waits}</p>` : nothing}
      ${isBusy ? this.#bar() : html`<div class="bar"><button type="submit" class="primary">Import</button><span class="hint">${file.name} into ${this.#plan.table || "a new table"}</span></div>`}
      <fieldset ?disabled=${isBusy}>
        <legend class="unseen">Columns</legend>
        ${this.#columns()}
      </fieldset>
      ${dataGrid({ columns: found.columns.map(({ name }) => name), rows: found.sample.slice(0, SHOWN_ROWS).map(({ fields }) => found.columns.map((_, at) => fields[at] ?? null)) }, { label: "First rows of the file" })}
    </form>`;
  }

  #target(): TemplateResult {
    const tables = workspace.tables.filter(({ kind, isInternal }) => kind === "table" && !isInternal);
    return html`<label
        >Into
        <select name="target" @change=${this.#retarget}>
          <option value="">a new table</option>
          ${tables.map(({ name }) => html`<option value=${name} ?selected=${name === this.#plan.target}>${name}</option>`)}
        </select>
      </label>
      ${
        this.#plan.target === ""
          ? html`<label
              >Name
              <input
                name="name"
                required
                autocomplete="off"
                .value=${this.#plan.name}
                @input=${(event: Event) => (this.#plan.name = valueOf(event))}
            /></label>`
          : nothing
      }`;
  }

  #reading(found: Survey): TemplateResult {
    return html`${choice("Encoding", ENCODINGS, this.#plan.encoding, (value) => this.#reread({ encoding: value as Encoding }))}
      ${choice("Delimiter", DELIMITERS, this.#plan.delimiter ?? "", (value) => this.#reread({ delimiter: value || undefined }))}
      <label class="check"
        ><input
          type="checkbox"
          name="header"
          .checked=${found.hasHeader}
          @change=${(event: Event) => this.#reread({ hasHeader: (event.currentTarget as HTMLInputElement).checked })}
        />
        first row has names</label
      >`;
  }

  #choices({ short, long, emptyPlain, emptyQuoted }: Survey): TemplateResult {
    const ragged = this.#plan.target === "" ? RAGGED : { refuse: RAGGED.refuse, skip: RAGGED.skip, cut: RAGGED.cut };
    return html`${
      emptyPlain + emptyQuoted > 0
        ? choice("Empty fields", EMPTY, this.#plan.empty, (value) => (this.#plan.empty = value as Empty))
        : nothing
    }
    ${short + long > 0 ? choice("Ragged rows", ragged, this.#plan.ragged, (value) => (this.#plan.ragged = value as Ragged)) : nothing}`;
  }

  #warnings(found: Survey): TemplateResult | typeof nothing {
    const told = this.#plan.warnings(found);
    if (told.length === 0) return nothing;
    return html`<ul class="warnings" aria-label="What to know of this file">
      ${told.map((text) => html`<li>${text}</li>`)}
    </ul>`;
  }

  #columns(): TemplateResult {
    const isNew = this.#plan.target === "";
    const options = isNew ? ["integer", "real", "text"] : this.#plan.known.map(({ name }) => name);
    return html`<div class="columns" role="group" aria-label="Columns">
      ${this.#plan.choices.map((column, at) => {
        const chosen = isNew ? column.type : column.target;
        const pick = (event: Event): void => {
          const value = valueOf(event);
          this.#plan.map(at, isNew ? { type: value as ColumnType } : { target: value });
          this.requestUpdate();
        };
        return html`<label
          ><span class="clip">${column.name}</span>
          <select aria-label=${column.name} @change=${pick}>
            ${isNew ? nothing : html`<option value="" ?selected=${chosen === ""}>leave out</option>`}
            ${options.map((option) => html`<option value=${option} ?selected=${option === chosen}>${option}</option>`)}
          </select>
        </label>`;
      })}
    </div>`;
  }

  #bar(): TemplateResult {
    const { isImport, rows, bytesRead } = this.#progress ?? { isImport: false, rows: 0, bytesRead: 0 };
    const share = bytesRead / Math.max(this.#file?.size ?? 1, 1);
    const text = `${Math.floor(share * 100)} %${isImport ? ` · ${count(rows)} rows` : ""}`;
    return html`<div class="bar importing">
      <progress aria-label=${isImport ? "Import" : "Reading the file"} max="1" .value=${share}></progress>
      <span class="number">${isImport ? text : `Reading… ${text}`}</span>
      <button type="button" @click=${() => this.#abort?.abort()}>Cancel</button>
    </div>`;
  }

  #choose = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file) void this.take(file);
    input.value = "";
  };

  #reread(change: { encoding?: Encoding; delimiter?: string | undefined; hasHeader?: boolean }): void {
    Object.assign(this.#plan, change);
    void this.#look();
  }

  /** Reads the whole file: what it holds decides about its types. */
  async #look(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.#problem = this.#done = "";
    this.#progress = { isImport: false, rows: 0, bytesRead: 0 };
    this.requestUpdate();
    try {
      const { encoding, delimiter, hasHeader } = this.#plan;
      const found = await survey(file, {
        encoding,
        delimiter,
        hasHeader,
        signal: abort.signal,
        onProgress: (bytesRead) => this.#note({ isImport: false, rows: 0, bytesRead }),
      });
      this.#survey = found;
      if (found.columns.length === 0) this.#problem = `${file.name} is empty.`;
      await this.#know();
    } catch (error) {
      if (abort !== this.#abort) return;
      if (abort.signal.aborted) this.#forget();
      else this.#problem = error instanceof Error ? error.message : String(error);
    }
    if (abort === this.#abort) this.#progress = this.#abort = undefined;
    this.requestUpdate();
  }

  #note(progress: { isImport: boolean; rows: number; bytesRead: number }): void {
    this.#progress = progress;
    this.requestUpdate();
  }

  /** What the chosen table has decides where each column goes. */
  async #know(): Promise<void> {
    const { target } = this.#plan;
    const columns = target === "" ? [] : (await readSchema(workspace.db, target)).columns;
    if (this.#survey) this.#plan.guess(this.#survey, columns);
    this.requestUpdate();
  }

  #retarget = (event: Event): void => {
    this.#plan.retarget(valueOf(event));
    this.#knowing = this.#know();
  };

  #submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const [file, found] = [this.#file, this.#survey];
    if (!file || !found) return;
    await this.#knowing;
    const plan = this.#plan.toImport(found);
    this.#problem = this.#plan.refusal(plan, workspace.tables);
    this.#done = "";
    this.#report = undefined;
    this.requestUpdate();
    if (this.#problem) return;
    const { signal } = (this.#abort = new AbortController());
    this.#progress = { isImport: true, rows: 0, bytesRead: 0 };
    const begun = performance.now();
    const onProgress = (progress: { rows: number; bytesRead: number }): void =>
      this.#note({ isImport: true, ...progress });
    try {
      const report = await activities.during(
        "your import",
        () => importCsv(workspace.db, file, plan, { signal, onProgress }),
        { isPrecious: true },
      );
      this.#file = this.#survey = undefined;
      this.#report = report;
      this.#done = `${plural(report.rows, "row")} imported into ${plan.table} in ${duration(performance.now() - begun)}.`;
    } catch (error) {
      if (signal.aborted)
        this.#done = `Cancelled after ${plural(this.#progress.rows, "row")}; all of them were rolled back.`;
      else this.#problem = `Nothing was imported. ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#progress = this.#abort = undefined;
    await workspace.noteChange({ isUrgent: true });
    this.requestUpdate();
  };

  #forget(): void {
    this.#abort?.abort();
    this.#file = this.#survey = this.#report = this.#abort = this.#progress = undefined;
    this.#plan = new CsvPlan();
    this.#problem = this.#done = "";
    this.requestUpdate();
  }
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
}

function choice(
  label: string,
  options: Readonly<Record<string, string>>,
  chosen: string,
  choose: (value: string) => void,
): TemplateResult {
  return html`<label
    >${label}
    <select @change=${(event: Event) => choose(valueOf(event))}>
      ${Object.entries(options).map(([value, name]) => html`<option value=${value} ?selected=${value === chosen}>${name}</option>`)}
    </select>
  </label>`;
}

function reportList(report: ImportReport): TemplateResult | typeof nothing {
  const byColumn = (counts: ReadonlyMap<string, number>, what: string): string[] =>
    [...counts].map(([name, number]) => `${name}: ${plural(number, "value")} ${what}.`);
  const told = [
    ...(report.skipped > 0 ? [`${plural(report.skipped, "ragged row")} left out.`] : []),
    ...(report.filled > 0 ? [`${plural(report.filled, "row")} with fields missing: those are NULL.`] : []),
    ...(report.kept > 0
      ? [`${plural(report.kept, "row")} with fields too many: those are in a column of their own.`]
      : []),
    ...(report.dropped > 0 ? [`${plural(report.dropped, "row")} with fields too many: those were dropped.`] : []),
    ...byColumn(report.asText, "that do not fit its type, kept as text"),
    ...byColumn(report.respelled, "are the same number, written shorter (2.50 is 2.5)"),
    ...byColumn(report.changed, "were made numbers by the table's own type, and lost digits or zeros"),
  ];
  if (told.length === 0) return html`<p class="summary">Every value is stored as it was written.</p>`;
  return html`<ul class="warnings" aria-label="What was changed">
    ${told.map((text) => html`<li>${text}</li>`)}
  </ul>`;
}

function tableName(file: string): string {
  const base = file
    .replace(/\.[^.]*$/, "")
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  return base.toLowerCase() || "imported";
}

customElements.define("csv-import", CsvImport);
