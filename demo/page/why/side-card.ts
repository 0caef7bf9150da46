// One side of the comparison: what became of its orders, and the code that did it.

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import "../elements/code-block.ts";
import { count } from "../format.ts";
import type { Played } from "./in-worker.ts";
import type { Counts } from "./play.ts";

export interface SideCardOptions {
  readonly id: string;
  readonly title: string;
  readonly head: TemplateResult | typeof nothing;
  readonly contestant: Played;
  /** Round trips were counted. */
  readonly hasTrips?: boolean;
  readonly code: string;
}

const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

export function sideCard({ id, title, head, contestant, code, hasTrips = true }: SideCardOptions): TemplateResult {
  const { counts, isOver, isRunning, problem } = contestant;
  return html`<section class="card side" id="side-${id}" aria-labelledby="side-${id}-title">
    <header class="card-head">
      <h3 id="side-${id}-title">${title}</h3>
      ${head}
    </header>
    ${problem ? html`<p class="failure" role="alert">${problem}</p>` : nothing} ${bar(counts)}
    <dl class="stats">
      ${shown(counts, isOver)
        .slice(0, hasTrips ? undefined : -1)
        .map(entry)}
    </dl>
    <p class="outcome" role="status" aria-live="polite">
      ${isRunning ? "Placing orders…" : isOver ? verdict(counts) : ""}
    </p>
    <details>
      <summary>The code that runs</summary>
      <code-block label="The code of this side: ${title}" .code=${code}></code-block>
    </details>
  </section>`;
}

interface Shown {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
  readonly isBad: boolean;
}

function shown(counts: Counts, isOver: boolean): Shown[] {
  const { confirmed, tried, declined, failed, silent, lost, dirty, madeUpCents, leaked, unknown, left, roundTrips } =
    counts;
  const good = tried - declined - left;
  // The books are looked at when all is over.
  const known = (value: number): string => (isOver ? count(value) : "–");
  const perOrder = confirmed === 0 ? "–" : Number((roundTrips / confirmed).toFixed(1)).toLocaleString("en");
  return [
    {
      name: "Sold",
      value: count(confirmed),
      meaning: `of ${count(good)} good orders`,
      isBad: isOver && confirmed + unknown < good,
    },
    {
      name: "Refused",
      value: count(failed + silent),
      meaning: silent > 0 ? `good orders, ${count(silent)} never answered` : "good orders told of an error",
      isBad: failed + silent > 0,
    },
    { name: "Orders lost", value: known(lost), meaning: "confirmed, and not in the books", isBad: lost > 0 },
    { name: "Dirty", value: known(dirty), meaning: "in the books unconfirmed, or twice", isBad: dirty > 0 },
    {
      name: "Money made up",
      value: isOver ? euros.format(madeUpCents / 100) : "–",
      meaning: "that was never paid, or is gone",
      isBad: madeUpCents !== 0,
    },
    { name: "Leaked", value: known(leaked), meaning: "connections nobody can use", isBad: leaked > 0 },
    { name: "Unknown", value: count(unknown), meaning: "and reported so", isBad: false },
    { name: "Round trips", value: perOrder, meaning: "paid for each order sold", isBad: false },
  ];
}

function entry({ name, value, meaning, isBad }: Shown): TemplateResult {
  return html`<div class=${isBad ? "is-bad" : ""}>
    <dt>${name}</dt>
    <dd>${value}</dd>
    <dd class="hint">${meaning}</dd>
  </div>`;
}

/** Sold, declined and refused, as parts of all. */
function bar({ tried, confirmed, declined, unknown, failed, silent, left }: Counts): TemplateResult {
  const parts = [
    ["sold", confirmed],
    ["unknown", unknown],
    ["declined", declined + left],
    ["refused", failed + silent],
  ] as const;
  let x = 0;
  const all = Math.max(tried, 1);
  return html`<svg class="fates" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    ${parts.map(([kind, number]) => {
      const from = x;
      x += (number / all) * 100;
      return svgRect(kind, from, (number / all) * 100);
    })}
  </svg>`;
}

function verdict({ lost, dirty, madeUpCents, leaked, failed, silent, unknown }: Counts): string {
  const wrong = lost + dirty + leaked + failed + silent + Math.abs(madeUpCents);
  if (wrong === 0)
    return unknown > 0
      ? `The books are right. ${unknown === 1 ? "One order is" : `${unknown} orders are`} reported as unknown, which is the truth.`
      : "The books are right: everybody was told the truth.";
  if (madeUpCents !== 0) return `The books are wrong by ${euros.format(Math.abs(madeUpCents) / 100)}.`;
  if (lost + dirty > 0) return "Customers were told what is not so.";
  return leaked > 0 ? "Connections hang in transactions that nobody will end." : "Good orders were refused.";
}

function svgRect(kind: string, x: number, width: number): SVGTemplateResult {
  return svg`<rect class=${kind} x=${x} y="0" width=${width} height="6" />`;
}
