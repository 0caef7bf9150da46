// Carried code does the same in the same order: not one microtask more or less.

import { expect, test } from "vitest";
import { carry } from "../kit.ts";
import { randomProgram } from "./program.ts";
import { programScope } from "./scope.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const programs = Number(process.env["FUZZ_PROGRAMS"] ?? 200);

test(`${programs} random programs take the same steps, carried and not`, { timeout: 3_600_000 }, async () => {
  for (let each = seed; each < seed + programs; each++) {
    const program = randomProgram(each, true);
    const steps = await stepsOf(program, each, true);
    const message = `FUZZ_SEED=${each} FUZZ_PROGRAMS=1\n${program}`;
    expect(steps, message).toEqual(await stepsOf(program, each, false));
    expect(steps).toContain("the end");
  }
});

/** Probes in order, with a clock beside them that counts microtasks. */
async function stepsOf(program: string, seed: number, isCarried: boolean): Promise<unknown[]> {
  const steps: unknown[] = [];
  let ticks = 0;
  const watch = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++, ticks++) await Promise.resolve();
  };
  const scope = programScope(
    seed,
    (place) => void steps.push(place, ticks),
    () => void watch(),
  );
  const { main } = carry<{ main: () => Promise<unknown> }>(program, scope, { isCarried });
  void watch();
  void main().then(
    () => steps.push("the end", ticks),
    () => steps.push("the end", ticks),
  );
  for (let quiet = 0; quiet < 5; quiet++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (scope.pending() > 0) quiet = 0;
  }
  return steps;
}
