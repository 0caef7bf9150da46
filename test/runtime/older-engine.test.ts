// Safari before 15.4, jsdom 20 and others have no `Symbol.asyncDispose`, no `throwIfAborted()` and no newer methods of arrays.

import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, inChromium } from "../scenarios/stages.ts";

const path = (name: string): string => JSON.stringify(join(import.meta.dirname, "older-engine", name));

const source = `import { makeOlder } from ${path("engine.ts")};
makeOlder();
export const play = () => import(${path("program.ts")}).then(({ play }) => play());`;

const expected = {
  rows: [1, 10, 11, 1, 1],
  busy: 0,
  aborted: "AbortError",
  abortedQuery: "AbortError",
  abortedLease: "AbortError",
  late: "AbortError",
  named: [],
  ended: "POOL_CLOSED",
};

test.each([true, false])(
  "sessions, streams, deadlines and lowered `using` work without them (through the plugin: %s)",
  async (isCarried) => {
    const code = await bundle(source, { isCarried, target: "es2022" });
    expect(await inChromium(code)).toEqual(expected);
  },
  120_000,
);
