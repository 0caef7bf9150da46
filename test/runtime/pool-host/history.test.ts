// Promise: through a pool host, a history has no more anomalies than its level lets happen, and what is stored is what was told:
// also where connections are cut.

import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Anomaly, AnomalyKind } from "../../isolation/history/anomaly.ts";
import { startStage } from "./stage.ts";

interface Played {
  readonly found: readonly Anomaly[];
  readonly kept: number;
}

test.each<[level: string, allowed: readonly AnomalyKind[]]>([
  ["read committed", ["G-single", "G2"]],
  ["repeatable read", ["G2"]],
  ["serializable", []],
])("at %s", async (level, allowed) => {
  const stage = await startStage();
  const { found, kept } = await stage.json<Played>(`/history?seed=31&level=${encodeURIComponent(level)}`);
  expect(found.filter(({ kind }) => !allowed.includes(kind))).toEqual([]);
  expect(kept).toBeGreaterThan(20);
});

test("serializable, while transactions are cut", async () => {
  const stage = await startStage();
  let isOver = false;
  let cuts = 0;
  const cut = async (): Promise<void> => {
    while (!isOver) {
      cuts += await stage.server.kill({ which: "transaction" });
      await pause(50);
    }
  };
  const cutting = cut();
  const { found, kept } = await stage
    .json<Played>("/history?seed=32&level=serializable")
    .finally(() => (isOver = true));
  await cutting;
  expect(found).toEqual([]);
  expect(cuts).toBeGreaterThan(0);
  expect(kept).toBeGreaterThan(5);
});
