// Code to read, coloured.

import { SQLite } from "@codemirror/lang-sql";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/javascript";
import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";

const parsers = { typescript: parser.configure({ dialect: "ts" }), sql: SQLite.language.parser };

export class CodeBlock extends PageElement {
  static override properties = { code: { type: String }, label: { type: String }, language: { type: String } };
  declare code: string;
  declare label: string;
  declare language: keyof typeof parsers;

  constructor() {
    super();
    this.code = "";
    this.label = "Code";
    this.language = "typescript";
  }

  override render(): TemplateResult {
    const parts: (TemplateResult | string)[] = [];
    highlightCode(
      this.code,
      parsers[this.language].parse(this.code),
      classHighlighter,
      (text, classes) => parts.push(classes ? html`<span class=${classes}>${text}</span>` : text),
      () => parts.push("\n"),
    );
    return html`<pre class="code" tabindex="0" role="region" aria-label=${this.label}><code>${parts}</code></pre>`;
  }
}

customElements.define("code-block", CodeBlock);
