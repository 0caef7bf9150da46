// One value, whole: a long text, a blob's bytes, JSON laid out; and a new one in its place, where that can be.

import { html, nothing, type TemplateResult } from "lit";
import type { SqlValue } from "../../../src/index.ts";
import { download, PageElement } from "../element.ts";
import { count, plural } from "../format.ts";
import { toText } from "../results.ts";
import { type GivenType, valueOf } from "../sql/parameters.ts";

export interface ShownValue {
  readonly title: string;
  readonly value: SqlValue;
  readonly type?: string | undefined;
  /** Keeps a new value; rejects when it cannot. `undefined`: it is only to be read. */
  readonly save?: ((value: SqlValue) => Promise<void>) | undefined;
}

const HEX_BYTES = 65_536;
const BYTES_A_LINE = 16;

export class ValuePanel extends PageElement {
  #shown: ShownValue | undefined;
  #view: "plain" | "json" = "plain";
  #type: GivenType = "text";
  #draft = "";
  #problem = "";

  /** Opens the panel above the page. */
  async show(shown: ShownValue): Promise<void> {
    this.#shown = shown;
    this.#problem = "";
    this.#view = "plain";
    this.#type = typeOf(shown.value);
    this.#draft = shown.value === null ? "" : toText(shown.value, shown.type);
    this.requestUpdate();
    await this.updateComplete;
    this.#dialog.showModal();
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector("dialog") as HTMLDialogElement;
  }

  override render(): TemplateResult {
    return html`<dialog class="value" aria-labelledby="value-title" @close=${() => this.#forget()}>
      ${this.#shown ? this.#body(this.#shown) : nothing}
    </dialog>`;
  }

  #body(shown: ShownValue): TemplateResult {
    const { title, value, save } = shown;
    const json = jsonIn(value);
    return html`<header class="card-head">
        <h2 id="value-title">${title}</h2>
        <span class="hint">${describe(shown)}</span>
        <button type="button" class="quiet push" @click=${() => this.#dialog.close()}>Close</button>
      </header>
      <div class="value-body" tabindex="0" role="region" aria-label="Value">
        ${
          value instanceof Uint8Array
            ? html`<pre>${hexOf(value)}</pre>`
            : html`<pre class="text">
${this.#view === "json" ? json : value === null ? "NULL" : toText(value, shown.type)}</pre>`
        }
      </div>
      <div class="bar">
        ${
          json === undefined
            ? nothing
            : html`<button
                type="button"
                class="quiet"
                aria-pressed=${this.#view === "json"}
                @click=${() => this.#look(this.#view === "json" ? "plain" : "json")}
              >
                Laid out as JSON
              </button>`
        }
        ${value === null ? nothing : html`<button type="button" class="quiet" @click=${() => this.#download(shown)}>Download</button>`}
      </div>
      ${save ? this.#editor() : nothing}
      ${this.#problem ? html`<p class="failure" role="alert">${this.#problem}</p>` : nothing}`;
  }

  #editor(): TemplateResult {
    const types: Record<GivenType, string> = {
      text: "text",
      number: "number",
      null: "NULL",
      blob: "blob, in hex",
      auto: "as written",
    };
    return html`<form class="value-edit" @submit=${this.#save}>
      <label
        >New value
        <textarea
          rows="4"
          spellcheck="false"
          ?disabled=${this.#type === "null"}
          .value=${this.#draft}
          @input=${(event: Event) => (this.#draft = (event.currentTarget as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <div class="bar">
        <label class="inline"
          >as
          <select aria-label="Type of the new value" @change=${this.#retype}>
            ${(["text", "number", "null", "blob"] as const).map((type) => html`<option value=${type} ?selected=${type === this.#type}>${types[type]}</option>`)}
          </select>
        </label>
        <button type="submit" class="primary">Save</button>
      </div>
    </form>`;
  }

  #retype = (event: Event): void => {
    this.#type = (event.currentTarget as HTMLSelectElement).value as GivenType;
    this.requestUpdate();
  };

  #save = async (event: Event): Promise<void> => {
    event.preventDefault();
    this.#problem = "";
    try {
      await this.#shown?.save?.(valueOf({ text: this.#draft, type: this.#type }));
      this.#dialog.close();
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.requestUpdate();
    }
  };

  #look(view: "plain" | "json"): void {
    this.#view = view;
    this.requestUpdate();
  }

  #download({ value, type }: ShownValue): void {
    if (value instanceof Uint8Array)
      download("value.bin", value as Uint8Array<ArrayBuffer>, "application/octet-stream");
    else download("value.txt", toText(value, type), "text/plain");
  }

  #forget(): void {
    this.#shown = undefined;
    this.requestUpdate();
  }
}

/** The one panel of the page. */
export function showValue(shown: ShownValue): void {
  let panel = document.querySelector<ValuePanel>("value-panel");
  if (!panel) document.body.append((panel = document.createElement("value-panel") as ValuePanel));
  void panel.show(shown);
}

function typeOf(value: SqlValue): GivenType {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return "blob";
  return typeof value === "number" || typeof value === "bigint" ? "number" : "text";
}

function describe({ value, type }: ShownValue): string {
  if (value === null) return "NULL";
  if (value instanceof Uint8Array) return `blob, ${plural(value.length, "byte")}`;
  if (typeof value === "string") return `text, ${plural(value.length, "letter")}`;
  return type ?? (Number.isInteger(Number(value)) ? "integer" : "real");
}

function jsonIn(value: SqlValue): string | undefined {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return undefined;
  try {
    return JSON.stringify(JSON.parse(value), undefined, 2);
  } catch {
    return undefined;
  }
}

function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, HEX_BYTES); at += BYTES_A_LINE) {
    const line = bytes.subarray(at, at + BYTES_A_LINE);
    const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(line, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(3 * BYTES_A_LINE)} ${text}`);
  }
  const more = bytes.length - HEX_BYTES;
  return [...lines, ...(more > 0 ? [`… and ${count(more)} bytes more: download it to see them.`] : [])].join("\n");
}

customElements.define("value-panel", ValuePanel);
