// Watch: what sessions do, on one timeline: of this page's database, of a Worker's isolate, and with a context.

import { html, type TemplateResult } from "lit";
import "../carrier/page-carrier.ts";
import { PageElement } from "../element.ts";
import type { PageIsolate } from "../isolate/page-isolate.ts";
import "../isolate/page-isolate.ts";
import { hashOf, placeOf } from "../link.ts";
import "./page-sessions.ts";
import type { SessionTimeline } from "./session-timeline.ts";

const VIEWS = [
  { id: "sessions", name: "This page's database" },
  { id: "worker", name: "A Worker" },
  { id: "context", name: "Context" },
] as const;

type View = (typeof VIEWS)[number]["id"];

export class PageWatch extends PageElement {
  constructor() {
    super();
    this.watch(window, "hashchange", () => void this.#arrive());
  }

  override firstUpdated(): void {
    void this.#arrive();
  }

  get #view(): View {
    const { view } = placeOf(location.hash);
    return VIEWS.find(({ id }) => id === view)?.id ?? "sessions";
  }

  override render(): TemplateResult {
    const view = this.#view;
    return html`<h1 class="unseen">Watch sessions work</h1>
      <nav class="subviews" aria-label="What to watch">
        ${VIEWS.map(({ id, name }) => html`<a href=${hashOf({ door: "watch", view: id })} aria-current=${view === id ? "page" : "false"}>${name}</a>`)}
      </nav>
      <div ?hidden=${view !== "sessions"}><page-sessions></page-sessions></div>
      <div ?hidden=${view !== "worker"}><page-isolate></page-isolate></div>
      <div ?hidden=${view !== "context"}><page-carrier></page-carrier></div>`;
  }

  async #arrive(): Promise<void> {
    await this.updateComplete;
    if (placeOf(location.hash).door !== "watch") return;
    if (this.#view === "worker") await this.querySelector<PageIsolate>("page-isolate")?.show();
    // It was not drawn while it was out of sight.
    for (const each of this.querySelectorAll<SessionTimeline>("session-timeline")) each.requestUpdate();
  }
}

customElements.define("page-watch", PageWatch);
