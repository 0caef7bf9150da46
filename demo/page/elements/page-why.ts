// Why: what isopool is, and what it saves one from.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";

export class PageWhy extends PageElement {
  override render(): TemplateResult {
    return html`<h1>isopool</h1>`;
  }
}

customElements.define("page-why", PageWhy);
