// The console: SQL in, results out.

import { html, nothing, type TemplateResult } from "lit";
import { addToHistory, readHistory } from "../console/history.ts";
import { type Answer, type Failure, runScript, type RunMode } from "../console/run.ts";
import { examples } from "../console/examples.ts";
import { PageElement } from "../element.ts";
import { duration, oneLine, plural } from "../format.ts";
import { workspace } from "../workspace.ts";
import "./result-view.ts";
import "./sql-editor.ts";
import type { SqlEditor } from "./sql-editor.ts";

const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent);

export class PageConsole extends PageElement {
  #mode: RunMode = "session";
  #answers: Answer[] = [];
  #failure: (Failure & { place: { line: number; column: number } | undefined }) | undefined;
  #summary = "";
  #abort: AbortController | undefined;
  /** Place in the history, from the newest; -1: the text that is being written. */
  #step = -1;
  #draft = "";

  constructor() {
    super();
    this.watch(workspace, "change", () => this.#forget());
    this.watch(workspace, "schema", () => this.#complete());
  }

  override firstUpdated(): void {
    this.#editor.value = workspace.isSample ? (examples[0]?.sql ?? "") : "";
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
    if (this.hasUpdated)
      this.#editor.value = workspace.isSample
        ? (examples[0]?.sql ?? "")
        : "select name, type from sqlite_schema order by name;";
  }

  override render(): TemplateResult {
    return html`
      <section class="card console" aria-labelledby="console-title">
        <header class="card-head">
          <h2 id="console-title">Console</h2>
          ${this.#examples()} ${this.#history()}
        </header>
        <sql-editor @run=${this.#run} @older=${() => this.#walk(1)} @newer=${() => this.#walk(-1)}></sql-editor>
        <div class="bar">
          ${
            this.#abort
              ? html`<button type="button" class="primary" @click=${() => this.#abort?.abort()}>Stop</button>`
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
          <span class="summary" role="status" aria-live="polite">${this.#summary}</span>
        </div>
        ${this.#failed()}
      </section>
      ${this.#answers.map((answer, at) => html`<result-view .answer=${answer} .number=${at + 1}></result-view>`)}
      ${
        this.#answers.length === 0 && !this.#failure
          ? html`<p class="empty">Results appear here. Select a part of the text to run only that.</p>`
          : nothing
      }
    `;
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

  #walk(by: 1 | -1): void {
    const entries = readHistory();
    const step = Math.min(Math.max(this.#step + by, -1), entries.length - 1);
    if (step === this.#step) return;
    if (this.#step === -1) this.#draft = this.#editor.value;
    this.#step = step;
    this.#editor.value = step === -1 ? this.#draft : (entries[step] as string);
  }

  #choose = (event: Event): void => {
    this.#mode = (event.currentTarget as HTMLSelectElement).value as RunMode;
  };

  #run = async (): Promise<void> => {
    const editor = this.#editor;
    const { text, start } = editor.chosen;
    if (this.#abort || text.trim() === "") return;
    addToHistory(editor.value);
    this.#step = -1;
    this.#answers = [];
    this.#failure = undefined;
    this.#summary = "Running…";
    this.#abort = new AbortController();
    editor.mark(undefined);
    this.requestUpdate();
    const begun = performance.now();
    const onAnswer = (answer: Answer): void => {
      this.#answers = [...this.#answers, answer];
      this.requestUpdate();
    };
    const failure = await runScript(workspace.db, text, { mode: this.#mode, signal: this.#abort.signal, onAnswer });
    this.#abort = undefined;
    if (failure) this.#show(failure, start);
    this.#summary = this.#summarise(performance.now() - begun, failure);
    void workspace.noteChange({ isUrgent: /\b(create|alter|drop)\b/i.test(text) });
    this.requestUpdate();
  };

  #show(failure: Failure, start: number): void {
    const range = failure.range && { from: failure.range.from + start, to: failure.range.to + start };
    this.#failure = { ...failure, place: range && this.#editor.place(range.from) };
    this.#editor.mark(range);
  }

  #summarise(ms: number, failure: Failure | undefined): string {
    const done = `${plural(this.#answers.length, "statement")} in ${duration(ms)}`;
    if (!failure) return `${done}${this.#mode === "session" ? ", committed" : ""}`;
    if (this.#mode === "autocommit") return `${done}, then an error`;
    return this.#answers.length > 0 ? "An error: everything was rolled back" : "An error: nothing was changed";
  }

  #failed(): TemplateResult | typeof nothing {
    if (!this.#failure) return nothing;
    const { place, code, text } = this.#failure;
    return html`<div class="failure" role="alert">
      <strong>${place ? `Line ${place.line}, column ${place.column}` : "Error"}</strong>
      <span>${text}</span>
      ${code ? html`<code>${code}</code>` : nothing}
    </div>`;
  }
}

customElements.define("page-console", PageConsole);
