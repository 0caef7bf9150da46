// Runs random programs in many contexts at once, and lists where the carrier and AsyncLocalStorage do not agree.

import { carry, current, expected, inContext } from "../kit.ts";
import { randomProgram } from "./program.ts";
import { programScope, type Scope } from "./scope.ts";

export interface FuzzResult {
  readonly programs: number;
  readonly flows: number;
  readonly probes: number;
  readonly disagreements: readonly Disagreement[];
}

export interface Disagreement {
  readonly seed: number;
  readonly place: number | string;
  readonly expected: string | undefined;
  readonly current: string | undefined;
}

const FLOWS = 8;

/** Programs run this many at a time, so that the flows of all of them take turns. */
const TOGETHER = 20;

export async function fuzz(firstSeed: number, count: number, isCarried = true): Promise<FuzzResult> {
  const disagreements: Disagreement[] = [];
  let probes = 0;
  const compare = (seed: number, place: number | string): unknown => {
    probes++;
    if (current() !== expected()) disagreements.push({ seed, place, expected: expected(), current: current() });
    return undefined;
  };
  for (let first = 0; first < count && disagreements.length === 0; first += TOGETHER) {
    const seeds = Array.from({ length: Math.min(TOGETHER, count - first) }, (_, i) => firstSeed + first + i);
    const scopes = seeds.map((seed) => start(seed, isCarried, compare));
    await settle(scopes, () => compare(firstSeed + first, "outside of all"));
  }
  return { programs: count, flows: count * FLOWS, probes, disagreements };
}

function start(seed: number, isCarried: boolean, compare: (seed: number, place: number | string) => unknown): Scope {
  const probe = (place: number | string): unknown => compare(seed, place);
  const scope = programScope(seed, probe, () => void inContext(undefined, () => watch(probe)));
  const { main } = carry<{ main: () => Promise<unknown> }>(randomProgram(seed), scope, { isCarried });
  for (let flow = 0; flow < FLOWS; flow++) {
    // The last flow is of nobody: what it sees has leaked.
    const name = flow === FLOWS - 1 ? undefined : `${seed}.${flow}`;
    inContext(name, () => void main().catch(() => undefined));
    compare(seed, "behind the start");
  }
  return scope;
}

/** Nobody's code, which is not carried either: whoever leaves a context behind in a microtask is seen here. */
async function watch(probe: (place: string) => unknown): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await Promise.resolve();
    probe("a microtask of nobody");
  }
}

/** Until nothing is left to come. */
async function settle(scopes: readonly Scope[], check: () => void): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    check();
    if (scopes.some((scope) => scope.pending() > 0)) quiet = 0;
  }
}
