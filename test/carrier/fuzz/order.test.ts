// Carried code does the same in the same order, with a context and without: not one microtask more or less.

import { expect, test } from "vitest";
import { carry, inContext } from "../kit.ts";
import { shown } from "../shown.ts";
import { randomProgram } from "./program.ts";
import { programScope } from "./scope.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const programs = Number(process.env["FUZZ_PROGRAMS"] ?? 200);

test.each(["A", undefined])(
  `${programs} random programs take the same steps, carried and not (in %s)`,
  { timeout: 3_600_000 },
  async (name) => {
    for (let each = seed; each < seed + programs; each++) {
      const program = randomProgram(each, true);
      const steps = await stepsOf(program, each, name, true);
      const message = `FUZZ_SEED=${each} FUZZ_PROGRAMS=1\n${program}`;
      expect(steps, message).toEqual(await stepsOf(program, each, name, false));
      expect(steps.join()).toContain("the end");
    }
  },
);

/** Probes and values in order, with a clock beside them that counts microtasks. */
async function stepsOf(
  program: string,
  seed: number,
  name: string | undefined,
  isCarried: boolean,
): Promise<unknown[]> {
  const steps: unknown[] = [];
  let ticks = 0;
  const watch = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++, ticks++) await Promise.resolve();
  };
  const step = (place: unknown): void => void steps.push(place, ticks);
  const scope = programScope(seed, step, () => void inContext(undefined, watch));
  scope["see"] = (value: unknown) => step(shown(value));
  const { main } = carry<{ main: () => Promise<unknown> }>(program, scope, { isCarried });
  void watch();
  void inContext(name, main).then(
    (value) => step(`the end: ${shown(value)}`),
    (error: Error) => step(`the end: ${error.name}`),
  );
  for (let quiet = 0; quiet < 5; quiet++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (scope.pending() > 0) quiet = 0;
  }
  return steps;
}
