// A program twice, as it was written and as it is carried: both must do the same in the same order, to the microtask, and the
// carried one must be in the right context all the while.

import { expect } from "vitest";
import { programScope } from "./fuzz/scope.ts";
import { carry, type CarryOptions, current, expected, inContext, parse, parseWithoutParentheses } from "./kit.ts";
import { shown } from "./shown.ts";

interface Played {
  /** What `main()` gave or threw. */
  readonly outcome: string;
  /** What it logged, and where it looked; each with the number of the microtask. */
  readonly steps: readonly string[];
  /** Where the carrier and AsyncLocalStorage disagree. */
  readonly wrong: readonly string[];
}

/**
 * @param source - defines `main`, a function; it may call `p(place)`, `log(value)` and all that random programs call.
 * @param isExact - false: microtasks are not counted.
 */
export async function expectSame(source: string, isExact = true): Promise<void> {
  for (const name of ["A", undefined]) {
    const written = await play(source, name, isExact, { isCarried: false });
    expect(written.steps.join(), "The program comes to an end").toContain("the end");
    for (const read of [parse, parseWithoutParentheses]) {
      expect(await play(source, name, isExact, { parse: read }), `Read by ${read.name}, in ${name}`).toEqual(written);
      expect(current()).toBe(undefined);
    }
  }
}

async function play(source: string, name: string | undefined, isExact: boolean, how: CarryOptions): Promise<Played> {
  const [steps, wrong]: [string[], string[]] = [[], []];
  let ticks = 0;
  const step = (what: string): void => void steps.push(isExact ? `${what} @${ticks}` : what);
  const look = (place: number | string): void => {
    if (how.isCarried !== false && current() !== expected()) wrong.push(`${place}: ${current()}, not ${expected()}`);
  };
  // Nobody's, and not carried: what is left behind between two microtasks is seen here.
  const watch = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++, ticks++) {
      await Promise.resolve();
      look("nobody's microtask");
    }
  };
  const probe = (place: number | string): unknown => (look(place), step(String(place)), place);
  const log = (value: unknown): unknown => (step(shown(value)), value);
  const scope = programScope(1, probe, () => void inContext(undefined, watch));
  const names = { ...scope, p: probe, log };
  const { main } = carry<{ main: (...args: unknown[]) => unknown }>(`${source}\n;exports.main = main;`, names, how);
  let outcome = "";
  void inContext(undefined, watch);
  const ended = settled(inContext(name, () => Promise.resolve(main.call({ me: 1 }, 1, 2))));
  void ended.then((text) => ((outcome = text), step("the end")));
  look("behind the start");
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (scope.pending() > 0) quiet = 0;
  }
  return { outcome, steps, wrong };
}

function settled(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `gives ${shown(value)}`,
    (error: unknown) => `throws ${error instanceof Error ? `${error.name}: ${error.message}` : shown(error)}`,
  );
}
