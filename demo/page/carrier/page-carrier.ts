// Ambient sessions: two transactions take turns in one thread, and each finds its own session; or, without the plugin, none.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import "../elements/code-block.ts";
import { type Build, BUILDS, type Playing } from "./playing.ts";
import { playingCard } from "./playing-card.ts";
import code from "./work.ts?raw";

const ORDER: readonly Build[] = ["with", "without"];

export class PageCarrier extends PageElement {
  readonly #playings = new Map<Build, Playing>();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const playing of this.#playings.values()) playing.stop();
  }

  override render(): TemplateResult {
    return html`<div class="sessions">
      <section class="stories" aria-labelledby="carrier-title">
        <h2 id="carrier-title">Who is current?</h2>
        <p class="lead">
          Two transactions take turns in one thread. Neither is handed its session: <code>db.current()</code> must find
          it, behind every await. No browser does that by itself.
        </p>
        <ul>
          <li class="story is-current">
            <button type="button" ?disabled=${this.#isRunning} aria-describedby="carrier-teaser" @click=${this.#run}>
              ${this.#isRunning ? "Running…" : "Run both builds"}
            </button>
            <p id="carrier-teaser">
              The same module, built twice: through <code>isopool/vite</code>, and not. Each runs in a web worker, on a
              database of its own.
            </p>
          </li>
        </ul>
      </section>
      <div class="stage">
        <div class="playings">${ORDER.map((build) => playingCard(build, this.#playings.get(build)))}</div>
        <section class="card told" aria-labelledby="carrier-code-title">
          <header class="card-head"><h2 id="carrier-code-title">The module</h2></header>
          <p class="sight">
            A lost session fails closed: <code>db.sql</code> is refused with <code>SESSION_REQUIRED</code>, and never
            runs in the other's session, nor outside of any.
          </p>
          <code-block label="The module that is built twice" .code=${code}></code-block>
        </section>
      </div>
    </div>`;
  }

  get #isRunning(): boolean {
    return [...this.#playings.values()].some(({ isOver }) => !isOver);
  }

  #run = (): void => {
    for (const build of ORDER) {
      this.#playings.get(build)?.stop();
      const playing = BUILDS[build].start();
      playing.addEventListener("change", () => this.requestUpdate());
      this.#playings.set(build, playing);
    }
    this.requestUpdate();
  };
}

customElements.define("page-carrier", PageCarrier);
