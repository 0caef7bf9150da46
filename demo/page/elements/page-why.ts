// Why: what isopool is, and what it saves one from, played at once on the usual way and on isopool.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../element.ts";
import { count } from "../format.ts";
import { Contestant } from "../why/contest.ts";
import { flightsPicture } from "../why/flights.ts";
import { ORDERS, WorkerContest } from "../why/in-worker.ts";
import { type Fault, type Setting, USUAL } from "../why/messages.ts";
import { codeWith } from "../stories/chosen.ts";
import { sideCard } from "../why/side-card.ts";
import workerUsual from "../../worker/contest/usual.ts?raw";
import workerOurs from "../../worker/contest/with-isopool.ts?raw";
import withIsopool from "../why/with-isopool.ts?raw";
import ownPool from "../why/usual/own-pool.ts?raw";
import sharedClient from "../why/usual/shared-client.ts?raw";
import "./code-block.ts";

const TEN_LINES = `import { createDatabase } from "isopool";
import { libsql } from "isopool/libsql";

const db = createDatabase(url, { adapters: [libsql()] });

await db.session(async (session) => {
  await session.sql\`insert into orders values (\${customer})\`;
  await charge(customer); // throws? It is all rolled back.
  await session.sql\`update till set cents = cents + \${price}\`;
}); // returned? It is committed, the connection pooled.`;

const CODES = { client: sharedClient, pool: ownPool } as const;

const FAULTS: readonly { readonly fault: Fault; readonly title: string }[] = [
  { fault: "kill", title: "Kill a connection" },
  { fault: "lose-commit", title: "Lose the answer to a COMMIT" },
  { fault: "leave", title: "A customer leaves" },
  { fault: "restart", title: "Restart the server" },
];

const LATENCIES = [0, 20, 150];

export class PageWhy extends PageElement {
  readonly #usual = new Contestant();
  readonly #ours = new Contestant();
  readonly #worker = new WorkerContest();
  #way: keyof typeof USUAL = "client";
  #setting: Setting = { sessions: 24, max: 4, latencyMs: 20 };
  /** Of the round that was begun last. */
  #faults: readonly Fault[] = [];
  #seen: IntersectionObserver | undefined;
  #isCopied = false;

  constructor() {
    super();
    this.watch(this.#usual, "change");
    this.watch(this.#ours, "change");
    this.watch(this.#worker, "change");
  }

  override firstUpdated(): void {
    // It begins when the eye arrives, and not before.
    this.#seen = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      this.#seen?.disconnect();
      this.#play();
    });
    this.#seen.observe(this.querySelector(".sides") as Element);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#seen?.disconnect();
    this.#usual.stop();
    this.#ours.stop();
  }

  override render(): TemplateResult {
    return html`<div class="why">
      ${this.#hero()}
      <section class="contest" aria-labelledby="contest-title">
        <h2 id="contest-title">The same orders, at the same moment, on the same database</h2>
        <p class="lead">
          Both sides are real code on real SQLite, each in a worker of this page, with a network of
          ${this.#setting.latencyMs} ms in between. Every sixth card is declined. Then we look into the books.
        </p>
        ${this.#controls()}
        <div class="sides">
          ${sideCard({
            id: "usual",
            title: "The usual way",
            head: this.#ways(),
            contestant: this.#usual,
            code: this.#codeOf(CODES[this.#way]),
          })}
          ${sideCard({ id: "ours", title: "isopool", head: nothing, contestant: this.#ours, code: this.#codeOf(withIsopool) })}
        </div>
        ${this.#ledger()} ${flightsPicture(this.#usual.alone, this.#ours.alone)}
      </section>
      ${this.#inWorker()}
    </div>`;
  }

  #hero(): TemplateResult {
    return html`<section class="hero">
      <div>
        <h1>
          A database session for every request: committed when it returns, rolled back when it throws, never lost.
        </h1>
        <p class="lead">
          For Cloudflare Workers, browsers and Node; on PostgreSQL, Neon, libSQL and sql.js; beneath Drizzle, Kysely or
          SQL as it is.
        </p>
        <p class="install">
          <code>npm i isopool</code>
          <button type="button" class="quiet" @click=${this.#copy}>${this.#isCopied ? "Copied" : "Copy"}</button>
        </p>
        <p class="links">
          <a href="https://www.npmjs.com/package/isopool#readme">Documentation</a>
          <a href="https://www.npmjs.com/package/isopool?activeTab=code">Source</a>
          <a href="#watch">Watch it work</a>
          <a href="#try">Try it here</a>
        </p>
      </div>
      <code-block label="Ten lines" .code=${TEN_LINES}></code-block>
    </section>`;
  }

  #ways(): TemplateResult {
    const choose = (way: keyof typeof USUAL): void => {
      this.#way = way;
      this.#play();
    };
    return html`<div class="segmented" role="group" aria-label="The usual way">
      ${(Object.keys(USUAL) as (keyof typeof USUAL)[]).map(
        (way) =>
          html`<button type="button" aria-pressed=${this.#way === way} @click=${() => choose(way)}>
            ${USUAL[way].title}
          </button>`,
      )}
    </div>`;
  }

  #controls(): TemplateResult {
    const slider = (name: "sessions" | "max", label: string, least: number, most: number): TemplateResult =>
      html`<div class="slider">
        <label for="slider-${name}">${label}</label>
        <output for="slider-${name}">${this.#setting[name]}</output>
        <input
          id="slider-${name}"
          type="range"
          min=${least}
          max=${most}
          .value=${String(this.#setting[name])}
          @input=${(event: Event) => this.#set({ [name]: Number((event.currentTarget as HTMLInputElement).value) })}
          @change=${() => this.#play()}
        />
      </div>`;
    return html`<div class="controls">
      <button type="button" class="primary" @click=${() => this.#play()}>Place the orders again</button>
      ${slider("sessions", "Orders at once", 6, 60)} ${slider("max", "Connections at most", 1, 10)}
      <div class="segmented" role="group" aria-label="Network">
        ${LATENCIES.map(
          (latencyMs) =>
            html`<button
              type="button"
              aria-pressed=${this.#setting.latencyMs === latencyMs}
              @click=${() => {
                this.#set({ latencyMs });
                this.#play();
              }}
            >
              ${latencyMs} ms
            </button>`,
        )}
      </div>
      <div class="breaks" role="group" aria-label="Break it">
        <span class="hint">Break it:</span>
        ${FAULTS.map(({ fault, title }) => html`<button type="button" @click=${() => this.#break(fault)}>${title}</button>`)}
      </div>
    </div>`;
  }

  /** In a real isolate, where the platform adds its own: a socket belongs to the request that opened it. */
  #inWorker(): TemplateResult {
    const { usual, ours, isRunning, recordedOn } = this.#worker;
    const isSeen = isRunning || usual.isOver || usual.problem !== "";
    const cards = (): TemplateResult =>
      html`<div class="sides">
        ${sideCard({
          id: "worker-usual",
          title: "A client at module level",
          head: nothing,
          contestant: usual,
          code: this.#codeOf(workerUsual),
          hasTrips: false,
        })}
        ${sideCard({
          id: "worker-ours",
          title: "isopool, in the same isolate",
          head: nothing,
          contestant: ours,
          code: this.#codeOf(workerOurs),
          hasTrips: false,
        })}
      </div>`;
    return html`<section class="contest" aria-labelledby="worker-contest-title">
      <h2 id="worker-contest-title">And in a Worker, on PostgreSQL</h2>
      <p class="lead">
        ${ORDERS} orders at once, in one isolate of a real workerd: a socket belongs to the request that opened it
        there, and whoever shares it fails.
      </p>
      <div class="controls">
        <button type="button" class="primary" ?disabled=${isRunning} @click=${() => void this.#worker.play()}>
          Place the orders in a Worker
        </button>
        ${recordedOn ? html`<strong class="recorded">recorded ${recordedOn}, not live: no Worker is served here</strong>` : nothing}
      </div>
      ${isSeen ? cards() : nothing}
    </section>`;
  }

  /** All rounds so far, in one line: what isopool has on its conscience. */
  #ledger(): TemplateResult {
    const { lost, leaked, dirty, unknown, confirmed } = this.#ours.total;
    return html`<p class="ledger" role="status" aria-live="polite">
      <strong>isopool’s ledger</strong>
      <span>${count(confirmed)} sold</span>
      <span>${count(lost)} lost</span>
      <span>${count(leaked)} leaked</span>
      <span>${count(dirty)} dirty</span>
      <span>${count(unknown)} unknown and reported so</span>
    </p>`;
  }

  /** With the very values that the sliders have. */
  #codeOf(file: string): string {
    const from = /^(\/\/ (One|A pool|Inside)|export )/m.exec(file)?.[0];
    return codeWith(file, { ...this.#setting }, from);
  }

  #set(change: Partial<Setting>): void {
    this.#setting = { ...this.#setting, ...change };
    this.requestUpdate();
  }

  #play(faults: readonly Fault[] = []): void {
    this.#faults = faults;
    this.#usual.play(this.#way, this.#setting, faults);
    this.#ours.play("isopool", this.#setting, faults);
  }

  /** From the start, with what is broken in it already: in a round that is nearly over there may be nothing left to break. */
  #break(fault: Fault): void {
    const isRunning = this.#usual.isRunning && this.#ours.isRunning;
    this.#play(isRunning ? [...this.#faults, fault] : [fault]);
  }

  #copy = async (): Promise<void> => {
    await navigator.clipboard.writeText("npm i isopool").catch(() => undefined);
    this.#isCopied = true;
    this.requestUpdate();
  };
}

customElements.define("page-why", PageWhy);
