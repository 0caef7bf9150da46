// The values for the placeholders of the text in the editor.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import { type Given, type GivenType, keysOf } from "../sql/parameters.ts";
import { statements } from "../sql/split.ts";

const TYPES: Readonly<Record<GivenType, string>> = {
  auto: "as written",
  text: "text",
  number: "number",
  null: "NULL",
  blob: "blob, in hex",
};
/** A text that long is a dump, and has none. */
const LOOKED_AT = 50_000;

/** Fires `values`, with them by key, when one is changed. */
export class ParameterForm extends PageElement {
  #keys: readonly string[] = [];
  readonly #given = new Map<string, Given>();

  set text(sql: string) {
    const isLooked = sql.length <= LOOKED_AT && /[?:@$#]/.test(sql);
    this.#keys = isLooked ? keysOf(statements(sql)) : [];
    this.#tell();
    this.requestUpdate();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.#keys.length === 0) return nothing;
    const isOne = this.#keys.every((key) => !key.includes("?") || key.startsWith("1?"));
    return html`<div class="parameters" role="group" aria-label="Parameters">
      ${this.#keys.map((key) => this.#field(key, nameOf(key, isOne)))}
    </div>`;
  }

  #field(key: string, name: string): TemplateResult {
    const { text, type } = this.#given.get(key) ?? { text: "", type: "auto" };
    const set = (change: Partial<Given>): void => {
      this.#given.set(key, { text, type, ...this.#given.get(key), ...change });
      this.#tell();
      this.requestUpdate();
    };
    return html`<label
        ><span>${name}</span>
        <input
          autocomplete="off"
          spellcheck="false"
          ?disabled=${type === "null"}
          .value=${text}
          @input=${(event: Event) => set({ text: (event.currentTarget as HTMLInputElement).value })}
        />
      </label>
      <select
        aria-label="Type of ${name}"
        @change=${(event: Event) => set({ type: (event.currentTarget as HTMLSelectElement).value as GivenType })}
      >
        ${Object.entries(TYPES).map(([value, label]) => html`<option value=${value} ?selected=${value === type}>${label}</option>`)}
      </select>`;
  }

  #tell(): void {
    const detail = new Map(this.#keys.map((key) => [key, this.#given.get(key) ?? { text: "", type: "auto" }]));
    this.dispatchEvent(new CustomEvent("values", { detail }));
  }
}

function nameOf(key: string, isOne: boolean): string {
  const [, statement, position] = /^(\d+)\?(\d+)$/.exec(key) ?? [];
  if (statement === undefined) return key;
  return isOne ? `?${position}` : `?${position} of statement ${statement}`;
}

customElements.define("parameter-form", ParameterForm);
