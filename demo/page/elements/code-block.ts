// Code to read, coloured as soon as that is loaded.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import type { CodePart, Language } from "../highlight.ts";

let highlighter: Promise<(code: string, language: Language) => CodePart[]> | undefined;

export class CodeBlock extends PageElement {
  static override properties = { code: { type: String }, label: { type: String }, language: { type: String } };
  declare code: string;
  declare label: string;
  declare language: Language;
  #parts: readonly CodePart[] = [];
  #coloured = "";

  constructor() {
    super();
    this.code = "";
    this.label = "Code";
    this.language = "typescript";
  }

  override render(): TemplateResult {
    const parts = this.#coloured === this.code ? this.#parts : [{ text: this.code, classes: "" }];
    return html`<pre class="code" tabindex="0" role="region" aria-label=${this.label}><code>${parts.map(
      ({ text, classes }) => (classes ? html`<span class=${classes}>${text}</span>` : text),
    )}</code></pre>`;
  }

  override updated(): void {
    if (this.#coloured !== this.code) void this.#colour(this.code);
  }

  async #colour(code: string): Promise<void> {
    highlighter ??= import("../highlight.ts").then(({ highlight }) => highlight);
    try {
      this.#parts = (await highlighter)(code, this.language);
      this.#coloured = code;
      this.requestUpdate();
    } catch {
      // It is read as well without colours.
      highlighter = undefined;
    }
  }
}

customElements.define("code-block", CodeBlock);
