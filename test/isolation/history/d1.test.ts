// Promise: on D1 the histories of many sessions are serializable, and what is stored is what was told; also where answers are lost.

import { expect, test } from "vitest";
import type { AnomalyKind } from "./anomaly.ts";
import { loadHistories, planted } from "./planted.ts";

/** Small ones, many of them meeting: `D1_HISTORIES=100000` plays more, from `D1_HISTORIES_FROM` on. */
const HISTORIES = Number(process.env["D1_HISTORIES"] ?? 200);
const FROM = Number(process.env["D1_HISTORIES_FROM"] ?? 0);

test(`${HISTORIES} histories`, async () => {
  const { playOnD1 } = await loadHistories({ name: "as it is", edits: [] });
  let kept = 0;
  for (let seed = FROM; seed < FROM + HISTORIES; seed++) {
    const { anomalies, committed, held } = await playOnD1(seed);
    expect({ seed, anomalies, held }).toEqual({ seed, anomalies: [], held: 0 });
    kept += committed;
  }
  // Were most of them refused, nothing would have been shown.
  expect(kept).toBeGreaterThan(HISTORIES * 5);
}, 86_400_000);

// Were nothing found there either, the histories would prove nothing.
test.each(planted)("planted: $name", async ({ kinds, ...each }) => {
  const { playOnD1 } = await loadHistories(each);
  const found = new Set<AnomalyKind>();
  for (let seed = 0; seed < 200 && !kinds.some((kind) => found.has(kind)); seed++)
    for (const { kind } of (await playOnD1(seed)).anomalies) found.add(kind);
  expect([...found]).toEqual(expect.arrayContaining([expect.toBeOneOf([...kinds])]));
});
