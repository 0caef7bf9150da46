// Light, dark, or as the system has it. theme.js applies the choice before the first paint of the next visit.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";

const KEY = "isopool.theme";
const THEMES = ["system", "light", "dark"] as const;

export class ThemeToggle extends PageElement {
  override render(): TemplateResult {
    const current = document.documentElement.dataset["theme"] ?? "system";
    return html`<label class="theme"
      ><span class="unseen">Theme</span>
      <select @change=${this.#choose}>
        ${THEMES.map((theme) => html`<option value=${theme} ?selected=${theme === current}>${theme[0]?.toUpperCase()}${theme.slice(1)} theme</option>`)}
      </select>
    </label>`;
  }

  #choose = (event: Event): void => {
    const theme = (event.currentTarget as HTMLSelectElement).value;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Refused storage: the choice lasts as long as the page.
    }
    document.dispatchEvent(new Event("themechange"));
  };
}

customElements.define("theme-toggle", ThemeToggle);
