// Random programs, in many contexts at once: wherever they look, the carrier and AsyncLocalStorage say the same.
// `npm run fuzz` runs 10,000 of them from a seed of its own; FUZZ_SEED and FUZZ_PROGRAMS choose: a failure prints its seed.

import { expect, test } from "vitest";
import { randomProgram } from "./program.ts";
import { fuzz } from "./run.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const programs = Number(process.env["FUZZ_PROGRAMS"] ?? 300);

test(`no probe of ${programs} random programs disagrees with AsyncLocalStorage`, { timeout: 3_600_000 }, async () => {
  const { disagreements, flows, probes } = await fuzz(seed, programs);
  const [first] = disagreements;
  if (first !== undefined) console.error(`FUZZ_SEED=${first.seed} FUZZ_PROGRAMS=1\n${randomProgram(first.seed)}`);
  console.log(`${programs} programs from seed ${seed}, ${flows} flows, ${probes} probes`);
  expect(disagreements.slice(0, 5)).toEqual([]);
  expect(probes).toBeGreaterThan(flows);
});

test("the same programs, not carried, disagree at once", async () => {
  const { disagreements } = await fuzz(seed, 20, false);
  expect(disagreements.length).toBeGreaterThan(100);
});
