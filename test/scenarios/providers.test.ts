// The scores of docs/context.md, played anew.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeRow, rows } from "./providers.ts";
import { type Judged, scenarios, type Verdict } from "./score.ts";

const document = readFileSync(join(import.meta.dirname, "../../docs/context.md"), "utf8");

/** The table's rows by provider: `"35 of 35"`, `"29"`, `"0"`. */
const told = new Map(
  document
    .split("\n")
    .filter((line) => line.startsWith("|") && / of \d+ /.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name, right, lost, wrong]) => [name, { right, lost, wrong }]),
);

function scoreOf(judged: readonly Judged[]): Record<string, string> {
  const count = (wanted: Verdict): number => judged.filter(({ verdict }) => verdict === wanted).length;
  const right = `${count("right")} of ${judged.length - count("impossible")}`;
  return { right, lost: `${count("lost")}`, wrong: `${count("wrong")}` };
}

test("the table has a row for each provider, and no other", () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(35);
  expect([...told.keys()]).toEqual(rows.map(({ name }) => name));
});

test.each(rows.map((row) => [row.name, row] as const))(
  "%s: the score is as told",
  async (_name, row) => {
    const judged = await judgeRow(row);
    expect(judged.map(({ name }) => name)).toEqual(scenarios.map(({ name }) => name));
    expect(scoreOf(judged), JSON.stringify(judged.filter(({ verdict }) => verdict !== "right"))).toEqual(
      told.get(row.name),
    );
  },
  120_000,
);
