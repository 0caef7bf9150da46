// The isolate's pool, in numbers.

import { html, type TemplateResult } from "lit";
import type { PoolHostStats } from "../../../src/adapters/hosted/index.ts";
import type { IsolateReport } from "../../worker/report.ts";
import { count } from "../format.ts";
import { databases, type ShopDatabase } from "./api.ts";

type Shown = readonly [name: string, value: string, meaning: string];

/** @param outcome - what came of what was sent last. */
export function poolCard(report: IsolateReport, database: ShopDatabase, outcome: string): TemplateResult {
  const { sessions, latest, requests, host } = report;
  const pool = host ?? report.pool;
  const flights = latest.reduce((sum, request) => sum + request.flights, 0);
  const each = latest.length === 0 ? "–" : Number((flights / latest.length).toFixed(2)).toLocaleString("en");
  const isNeon = database === databases.neon;
  const shown: Shown[] = [
    ...(isNeon ? sockets(report) : streams(host ? "Connections opened" : "Streams opened", pool, sessions.acquired)),
    ["Flights per request", each, `in the last ${count(latest.length)}`],
    isNeon
      ? ["At work", count(pool.busy), `connections now, at most ${pool.max || "few"} per request`]
      : ["Waits", count(pool.waits), `${count(pool.waiting)} waiting now, ${count(pool.busy)} at work`],
    ["Committed", count(sessions.committed), "transactions; a list needs none"],
    ["Rolled back", count(sessions.rolledBack), `${count(sessions.aborted)} by clients that disconnected`],
  ];
  return html`<section class="card pool-card" aria-labelledby="pool-title">
    <header class="card-head">
      <h2 id="pool-title">${host ? "The pool host, shared by all isolates" : "The isolate's pool"}</h2>
      <span class="hint">${count(requests.total)} requests served, ${count(requests.mostActive)} at once at most</span>
    </header>
    <dl class="stats">
      ${shown.map(
        ([name, value, meaning]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
            <dd class="hint">${meaning}</dd>
          </div>`,
      )}
    </dl>
    <p class="outcome" role="status" aria-live="polite">${outcome}</p>
  </section>`;
}

function streams(name: string, pool: Pick<PoolHostStats, "opened" | "max" | "open">, acquired: number): Shown[] {
  return [
    [name, count(pool.opened), `so far; ${count(pool.open)} open now, at most ${pool.max || "a few"}`],
    ["Reused", count(Math.max(0, acquired - pool.opened)), "times a request got an open one"],
  ];
}

/** A socket belongs to the request that opened it, as the platform has it: what needs no transaction does without. */
function sockets({ sockets: opened, sessions }: IsolateReport): Shown[] {
  return [
    ["Sockets opened", count(opened), "for transactions, one per request"],
    ["Over HTTP only", count(Math.max(0, sessions.acquired - opened)), "times a request needed no socket"],
  ];
}
