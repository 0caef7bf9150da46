// A program of a test, run in several contexts at once: what the carrier says at each of its probes, and what it should.

import { expect } from "vitest";
import { programScope } from "./fuzz/scope.ts";
import { carry, type CarryOptions, current, expected, inContext } from "./kit.ts";

export interface Probe {
  readonly place: number | string;
  readonly current: string | undefined;
  readonly expected: string | undefined;
}

/**
 * Runs the program's `main()` in the contexts A and B and in none, all at once, until nothing is left to come.
 *
 * @param source - exports `main`, an async function; it may call `p(place)` and all that random programs call.
 * @returns every probe, in order.
 */
export async function probesOf(source: string, options: CarryOptions = {}): Promise<Probe[]> {
  const probes: Probe[] = [];
  const probe = (place: number | string): void => {
    probes.push({ place, current: current(), expected: expected() });
  };
  const scope = programScope(1, probe, () => void inContext(undefined, () => nobody(probe)));
  const { main } = carry<{ main: () => Promise<unknown> }>(`${source}\nmodule.exports = { main };`, scope, options);
  const flows = ["A", "B", undefined].map((name) => {
    const flow = inContext(name, () => main());
    probe("behind the start");
    return flow;
  });
  await Promise.all(flows);
  while (scope.pending() > 0) await new Promise((resolve) => setImmediate(resolve));
  probe("behind the end");
  return probes;
}

/** Fails unless the carrier and AsyncLocalStorage agree at every probe; and unless they would not if nothing were carried. */
export async function expectAgreement(source: string, options: CarryOptions = {}): Promise<void> {
  expect(disagreements(await probesOf(source, options))).toEqual([]);
  expect(disagreements(await probesOf(source, { isCarried: false }))).not.toEqual([]);
}

/** The probes where the carrier was wrong, among those of all three flows. */
export function disagreements(probes: readonly Probe[]): Probe[] {
  const seen = new Set(probes.map(({ expected }) => expected));
  expect(["A", "B", undefined].every((name) => seen.has(name))).toBe(true);
  return probes.filter((probe) => probe.current !== probe.expected);
}

/** Code that is not carried, in microtasks between those of the flows: a context left behind is seen here. */
async function nobody(probe: (place: string) => void): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
    probe("nobody's microtask");
  }
}
