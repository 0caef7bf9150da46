// One order alone on each side: its round trips on one axis.

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { duration, oneLine, plural } from "../format.ts";
import type { RoundTrip } from "./server.ts";

const WIDTH = 640;
const LANE = 30;

export function flightsPicture(
  usual: readonly RoundTrip[],
  ours: readonly RoundTrip[],
): TemplateResult | typeof nothing {
  if (usual.length === 0 || ours.length === 0) return nothing;
  const longest = Math.max(usual.at(-1)?.to ?? 1, ours.at(-1)?.to ?? 1);
  const x = (time: number): number => (Math.max(time, 0) / longest) * WIDTH;
  const lane = (trips: readonly RoundTrip[], at: number): SVGTemplateResult[] =>
    trips.map(({ from, to, statements }) => {
      const width = Math.max(x(to) - x(from) - 3, 4);
      return svg`<rect class="flight" x=${x(from)} y=${at * LANE + 5} width=${width} height="18" rx="3">
        <title>${statements.map((text) => oneLine(text, 60)).join(" · ")}</title></rect>`;
    });
  return html`<figure class="flights">
    <figcaption>
      <strong>One order, alone:</strong> the usual way ${plural(usual.length, "round trip")}
      (${duration(usual.at(-1)?.to ?? 0)}), isopool ${plural(ours.length, "round trip")}
      (${duration(ours.at(-1)?.to ?? 0)}).
    </figcaption>
    <div class="flight-lanes">
      <span>usual</span><span>isopool</span>
      <svg
        viewBox="0 0 ${WIDTH} ${2 * LANE}"
        preserveAspectRatio="none"
        role="img"
        aria-label="Round trips of one order: ${usual.length} the usual way, ${ours.length} with isopool"
      >
        ${lane(usual, 0)} ${lane(ours, 1)}
      </svg>
    </div>
  </figure>`;
}
