// The console: SQL in, results out.

import { html, nothing, type TemplateResult } from "lit";
import { activities } from "../activities.ts";
import { addToHistory, keepDraft, readDraft, readHistory } from "../console/history.ts";
import { type Answer, type Failure, type Outcome, runScript, type RunMode } from "../console/run.ts";
import { examples } from "../console/examples.ts";
import { PageElement } from "../element.ts";
import { count, duration, oneLine, plural } from "../format.ts";
import { linkTo } from "../link.ts";
import type { Given } from "../sql/parameters.ts";
import { workspace } from "../workspace.ts";
import type { ParameterForm } from "./parameter-form.ts";
import "./parameter-form.ts";
import "./result-view.ts";
import "./sql-editor.ts";
import type { SqlEditor } from "./sql-editor.ts";

const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent);
const SHOWN_ANSWERS = 60;
const ON_OPENING = "select name, type from sqlite_schema order by name;";
/** A query that was stopped and goes on for so long has a database in memory: it ends only with all of it. */
const STUBBORN_MS = 1_500;

export class PageConsole extends PageElement {
  #mode: RunMode = "session";
  #answers: Answer[] = [];
  #failure: (Failure & { place: { line: number; column: number } | undefined }) | undefined;
  #summary = "";
  #abort: AbortController | undefined;
  #isStubborn = false;
  #isUndone = false;
  /** Place in the history, from the newest; -1: the text that is being written. */
  #step = -1;
  #draft = "";
  #values: ReadonlyMap<string, Given> = new Map();

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#forget());
    this.watch(workspace, "schema", () => this.#complete());
    this.watch(activities, "change");
  }

  override firstUpdated(): void {
    this.#editor.value = readDraft() ?? (workspace.isSample ? (examples[0]?.sql ?? "") : ON_OPENING);
    this.#complete();
  }

  get #editor(): SqlEditor {
    return this.querySelector("sql-editor") as SqlEditor;
  }

  #complete(): void {
    if (this.hasUpdated) this.#editor.schema = workspace.completions;
  }

  #forget(): void {
    this.#answers = [];
    this.#failure = undefined;
    this.#summary = "";
  }

  /** Puts a text into the editor, from a link or a file; `isRun`: and runs it. */
  async take(text: string, { isRun = false } = {}): Promise<void> {
    await this.updateComplete;
    this.#write(text);
    if (isRun) await this.#run();
  }

  override render(): TemplateResult {
    return html`
      <section class="card console" aria-labelledby="console-title">
        <header class="card-head">
          <h2 id="console-title">Console</h2>
          ${this.#examples()} ${this.#history()}
        </header>
        <sql-editor
          @run=${this.#run}
          @older=${() => this.#walk(1)}
          @newer=${() => this.#walk(-1)}
          @change=${this.#note}
        ></sql-editor>
        <parameter-form
          @values=${(event: CustomEvent<ReadonlyMap<string, Given>>) => (this.#values = event.detail)}
        ></parameter-form>
        <div class="bar">
          ${
            this.#abort
              ? html`<button type="button" class="primary" @click=${() => this.#stop()}>Stop</button>`
              : html`<button type="button" class="primary" @click=${this.#run}>
                  Run <kbd>${isMac ? "⌘" : "Ctrl"} ↵</kbd>
                </button>`
          }
          <label class="inline">
            as
            <select aria-label="Run as" @change=${this.#choose}>
              <option value="session">one session: all or nothing</option>
              <option value="autocommit">autocommit: each on its own</option>
            </select>
          </label>
          <button type="button" class="quiet" @click=${this.#link}>Copy a link</button>
          <span class="summary" role="status" aria-live="polite">${this.#waiting() || this.#summary}</span>
        </div>
        ${this.#isStubborn ? this.#lastResort() : nothing} ${this.#failed()}
      </section>
      ${this.#answers.map((answer, at) => html`<result-view .answer=${answer} .number=${at + 1} .isUndone=${this.#isUndone}></result-view>`)}
      ${
        this.#answers.length === 0 && !this.#failure
          ? html`<p class="empty">Results appear here. Select a part of the text to run only that.</p>`
          : nothing
      }
    `;
  }

  #waiting(): string {
    return this.#abort ? activities.waitFor("your query") : "";
  }

  #lastResort(): TemplateResult {
    return html`<p class="notice" role="alert">
      The query goes on, and this database is in memory alone: ending its worker ends both.
      <button type="button" class="link" @click=${() => workspace.endWorker()}>End it, and lose this database</button>
    </p>`;
  }

  #examples(): TemplateResult {
    const pick = (event: Event): void => {
      const select = event.currentTarget as HTMLSelectElement;
      const example = examples[select.selectedIndex - 1];
      select.selectedIndex = 0;
      if (example) this.#write(example.sql);
    };
    return html`<label class="inline push"
      ><span class="unseen">Examples</span>
      <select @change=${pick}>
        <option>Examples…</option>
        ${examples.map(({ title }) => html`<option>${title}</option>`)}
      </select>
    </label>`;
  }

  #history(): TemplateResult {
    const entries = readHistory();
    const pick = (event: Event): void => {
      const select = event.currentTarget as HTMLSelectElement;
      const text = readHistory()[select.selectedIndex - 1];
      select.selectedIndex = 0;
      if (text !== undefined) this.#write(text);
    };
    return html`<label class="inline"
      ><span class="unseen">History</span>
      <select @change=${pick} ?disabled=${entries.length === 0} title="Alt+↑ and Alt+↓ in the editor walk through it">
        <option>History…</option>
        ${entries.map((text) => html`<option>${oneLine(text, 60)}</option>`)}
      </select>
    </label>`;
  }

  #write(text: string): void {
    this.#step = -1;
    this.#editor.value = text;
    this.#editor.focus();
  }

  #note = (): void => {
    const text = this.#editor.value;
    keepDraft(text);
    (this.querySelector("parameter-form") as ParameterForm).text = text;
  };

  #walk(by: 1 | -1): void {
    const entries = readHistory();
    const step = Math.min(Math.max(this.#step + by, -1), entries.length - 1);
    if (step === this.#step) return;
    if (this.#step === -1) this.#draft = this.#editor.value;
    this.#step = step;
    const text = step === -1 ? this.#draft : (entries[step] as string);
    this.#editor.value = text;
    this.#editor.recalled = text;
  }

  #choose = (event: Event): void => {
    this.#mode = (event.currentTarget as HTMLSelectElement).value as RunMode;
  };

  #link = async (): Promise<void> => {
    const url = linkTo(this.#editor.value);
    history.replaceState(undefined, "", url);
    try {
      await navigator.clipboard.writeText(url);
      this.#summary = "The link with this query is in the clipboard, and in the address.";
    } catch {
      this.#summary = "The link with this query is in the address.";
    }
    this.requestUpdate();
  };

  #stop(): void {
    const abort = this.#abort;
    abort?.abort();
    this.#summary = "Stopping…";
    this.requestUpdate();
    setTimeout(() => {
      this.#isStubborn = abort !== undefined && this.#abort === abort && workspace.keptIn === "memory";
      this.requestUpdate();
    }, STUBBORN_MS);
  }

  #run = async (): Promise<void> => {
    const editor = this.#editor;
    const { text, start } = editor.chosen;
    if (this.#abort || text.trim() === "") return;
    this.#begin(editor);
    const abort = this.#abort as unknown as AbortController;
    const begun = performance.now();
    const outcome = await activities.during("your query", () =>
      runScript(workspace.db, text, {
        mode: this.#mode,
        signal: abort.signal,
        values: this.#values,
        onAnswer: (answer) => this.#add(answer),
        onRows: (rows) => {
          this.#summary = `Reading… ${count(rows)} rows`;
          this.requestUpdate();
        },
      }),
    );
    this.#abort = undefined;
    this.#isStubborn = false;
    this.#end(outcome, start, performance.now() - begun);
    void workspace.noteChange({ isUrgent: /\b(create|alter|drop)\b/i.test(text.slice(0, 1_000_000)) });
    this.requestUpdate();
  };

  #begin(editor: SqlEditor): void {
    addToHistory(editor.value);
    this.#step = -1;
    this.#answers = [];
    this.#failure = undefined;
    this.#isUndone = false;
    this.#summary = "Running…";
    this.#abort = new AbortController();
    editor.mark(undefined);
    this.requestUpdate();
  }

  #add(answer: Answer): void {
    this.#answers = [...this.#answers, answer].slice(0, SHOWN_ANSWERS);
    this.requestUpdate();
  }

  #end(outcome: Outcome, start: number, ms: number): void {
    const { failure, committed } = outcome;
    this.#summary = summarise(outcome, this.#mode, ms);
    this.#isUndone = failure !== undefined && this.#mode === "session" && committed === undefined;
    if (!failure) return;
    // What was stopped has no result, and is no error.
    if (failure.isStopped) {
      if (this.#isUndone) this.#answers = [];
      return;
    }
    const range = failure.range && { from: failure.range.from + start, to: failure.range.to + start };
    this.#failure = { ...failure, place: range && this.#editor.place(range.from) };
    this.#editor.mark(range);
  }

  #failed(): TemplateResult | typeof nothing {
    if (!this.#failure) return nothing;
    const { place, code, text } = this.#failure;
    return html`<div class="failure" role="alert">
      <strong>${place ? `Line ${place.line}, column ${place.column}` : "Error"}</strong>
      <span class="failure-text">${text}</span>
      ${code ? html`<code>${code}</code>` : nothing}
    </div>`;
  }
}

function summarise({ failure, committed, statements }: Outcome, mode: RunMode, ms: number): string {
  const done = `${plural(statements, "statement")} in ${duration(ms)}`;
  const own = committed === undefined ? "" : `${plural(committed, "transaction")} of the text committed`;
  if (failure?.isStopped) {
    if (own) return `Stopped: ${own}, the rest was rolled back.`;
    return mode === "session" ? "Stopped: everything was rolled back." : `Stopped: ${done}, which stay.`;
  }
  if (own) return failure ? `${done}, then an error: ${own}, the rest rolled back` : `${done}, ${own}`;
  if (!failure) return `${done}${mode === "session" ? ", committed" : ""}`;
  if (mode === "autocommit") return `${done}, then an error`;
  return statements > 0 ? "An error: everything was rolled back" : "An error: nothing was changed";
}

customElements.define("page-console", PageConsole);
