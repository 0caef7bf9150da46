// The last requests: how long each waited for a connection, and how long it had it.

import { html, svg, type TemplateResult } from "lit";
import type { IsolateReport, RequestReport } from "../../worker/report.ts";
import { duration } from "../format.ts";

const WIDTH = 160;

export function requestsCard({ latest }: IsolateReport): TemplateResult {
  const longest = Math.max(1, ...latest.map(({ ms }) => ms));
  return html`<section class="card" aria-labelledby="requests-title">
    <header class="card-head">
      <h2 id="requests-title">Requests</h2>
      <ul class="legend" aria-label="Legend">
        <li>${swatch("wait")}waits for a connection</li>
        <li>${swatch("hold")}works</li>
      </ul>
    </header>
    ${
      latest.length === 0
        ? html`<p class="empty">No request yet.</p>`
        : html`<div
            class="table-scroll requests"
            tabindex="0"
            role="region"
            aria-label="The last requests, newest first"
          >
            <table>
              <thead>
                <tr>
                  <th scope="col" class="number">No.</th>
                  <th scope="col">Request</th>
                  <th scope="col" class="number">Answer</th>
                  <th scope="col" class="number">Flights</th>
                  <th scope="col" class="number">Waited</th>
                  <th scope="col" class="number">Took</th>
                  <th scope="col"><span class="unseen">As a bar</span></th>
                </tr>
              </thead>
              <tbody>
                ${latest.toReversed().map((request) => row(request, longest))}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function row(request: RequestReport, longest: number): TemplateResult {
  const { id, method, path, status, flights, waitedMs, ms } = request;
  const answer = status === 499 ? "left" : String(status);
  return html`<tr>
    <td class="number">${id}</td>
    <td><code>${method} ${path}</code></td>
    <td class="number ${status >= 200 && status < 300 ? "" : "is-bad"}">${answer}</td>
    <td class="number">${flights}</td>
    <td class="number">${duration(waitedMs)}</td>
    <td class="number">${duration(ms)}</td>
    <td>${bar(waitedMs / longest, ms / longest)}</td>
  </tr>`;
}

/** What the numbers before it say, for the eye. */
function bar(waited: number, took: number): TemplateResult {
  const [wait, all] = [waited * WIDTH, Math.max(took * WIDTH, 2)];
  return html`<svg width=${WIDTH} height="14" viewBox="0 0 ${WIDTH} 14" aria-hidden="true">
    ${svg`<rect class="wait" x="0.5" y="2.5" width=${wait} height="9" rx="2" />`}
    ${svg`<rect class="hold" x=${wait} y="2" width=${Math.max(all - wait, 2)} height="10" rx="2" />`}
  </svg>`;
}

function swatch(kind: string): TemplateResult {
  return html`<svg width="20" height="14" aria-hidden="true">
    <rect class=${kind} x="1" y="2" width="18" height="10" rx="2" />
  </svg>`;
}
