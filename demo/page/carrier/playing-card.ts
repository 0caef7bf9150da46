// What one build did: in which order the two came by, and whom each saw.

import { html, nothing, svg, type TemplateResult } from "lit";
import { plural } from "../format.ts";
import { type Build, BUILDS, type Playing } from "./playing.ts";
import type { Look, Name } from "./news.ts";

const NAMES: readonly Name[] = ["A", "B"];
const STEP = 20;
const LANE = 24;
/** As many as there are when nothing is lost: both cards have one scale. */
const LOOKS = 16;

export function playingCard(build: Build, playing: Playing | undefined): TemplateResult {
  const { title } = BUILDS[build];
  return html`<section class="card playing" aria-labelledby="playing-${build}">
    <header class="card-head">
      <h2 id="playing-${build}">${title}</h2>
      <code class="hint">${build === "with" ? "plugins: [isopool()]" : "plugins: []"}</code>
    </header>
    <p class="verdict" role="status">${playing ? outcome(playing) : "Not run yet."}</p>
    ${playing && playing.looks.length > 0 ? [order(playing.looks), sights(playing, title)] : nothing}
  </section>`;
}

function outcome({ problem, rows, rightLooks, looks, errors }: Playing): string {
  if (problem) return problem;
  if (rows === undefined) return "Running…";
  const refused = [...new Set(errors.values())].filter(Boolean);
  const end = refused.length > 0 ? `Both were refused with ${refused.join()}, and rolled back` : "Both committed";
  return `${rightLooks} of ${looks.length} places saw their own session. ${end}: ${plural(rows, "row")} kept.`;
}

/** One square a look, in the order of time: a lane for A, a lane for B. */
function order(looks: readonly Look[]): TemplateResult {
  const width = 20 + Math.max(LOOKS, looks.length) * STEP;
  const text = looks.map(({ name, seen }) => `${name} sees ${seen ?? "nobody"}`).join(", ");
  return html`<figure class="order">
    <svg viewBox="0 0 ${width} ${LANE * 2}" role="img" aria-label="In order: ${text}">
      ${NAMES.map(
        (name, lane) => svg`<text x="0" y=${lane * LANE + 17}>${name}</text>
        <line x1="18" x2=${width} y1=${lane * LANE + 12} y2=${lane * LANE + 12} />`,
      )}
      ${looks.map(
        ({ name, seen }, index) =>
          svg`<rect data-seen=${seen ?? "nobody"} x=${20 + index * STEP} y=${NAMES.indexOf(name) * LANE + 5}
            width="14" height="14" rx="3" />`,
      )}
    </svg>
    <figcaption class="hint">In chronological order. Filled: saw its own session. Empty: saw none.</figcaption>
  </figure>`;
}

function sights(playing: Playing, title: string): TemplateResult {
  return html`<div class="table-scroll">
    <table>
      <caption class="unseen">
        Whom A and B saw: ${title.toLowerCase()}
      </caption>
      <thead>
        <tr>
          <th scope="col">Place</th>
          ${NAMES.map((name) => html`<th scope="col">${name} sees</th>`)}
        </tr>
      </thead>
      <tbody>
        ${playing.places.map(
          (place) =>
            html`<tr>
              <th scope="row">${place}</th>
              ${NAMES.map((name) => html`<td>${chip(playing.seenAt(place, name))}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function chip(seen: Name | null | undefined): TemplateResult | typeof nothing {
  if (seen === undefined) return nothing;
  return html`<span class="seen" data-seen=${seen ?? "nobody"}>${seen ?? "nobody"}</span>`;
}
