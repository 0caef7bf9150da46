// Dexie keeps its transactions over `await` by means of its own, and only where promises look like the engine's. With a context or
// without, and whoever is loaded first, its programs must give what they give without us. Real Dexie, real IndexedDB.

import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, inChromium } from "../../scenarios/stages.ts";

const here = JSON.stringify(join(import.meta.dirname, "dexie-programs.ts"));
const dexie = JSON.stringify(join(import.meta.dirname, "../../../node_modules/dexie/dist/dexie.mjs"));

const HEAD = `import { AsyncContext, browserContext } from "isopool/browser-context";
import { playPrograms } from ${here};
const load = () => import(${dexie}).then(({ Dexie }) => Dexie);
const texts = () => [Promise.prototype.then, Promise.prototype.finally, Promise.resolve, setTimeout, queueMicrotask,
  requestAnimationFrame, requestIdleCallback, scheduler.postTask, navigator.locks.request, Function.prototype.toString]
  .map((each) => [String(each), Function.prototype.toString.call(each), each.name, each.length]);
`;

const GIVEN = {
  "add and get": 1,
  "awaits in a transaction": 2,
  "a native promise in a transaction": 2,
  "a helper of its own": 5,
  "side by side": 2,
  "a loop": 2,
  "a transaction inside": 3,
  "one that fails": ["on purpose", 0],
  "a failure that is caught": ["ConstraintError", 2],
  "callbacks of then": 2,
  modify: [11, 12],
  waitFor: 2,
};

/** @param first - what is loaded first. */
const program = (first: "dexie" | "context"): string => `${HEAD}export async function play() {
  const native = texts();
  ${first === "dexie" ? "const Dexie = await load();" : ""}
  browserContext({ warn: false });
  const variable = new AsyncContext.Variable();
  ${first === "context" ? "const Dexie = await load();" : ""}
  const outside = await playPrograms(Dexie);
  const inside = await variable.run("A", () => playPrograms(Dexie));
  const around = await playPrograms(Dexie, (work) => variable.run("A", work));
  const callback = await variable.run("A", () => Promise.resolve().then(() => variable.get()));
  return { outside, inside, around, callback, looksNative: JSON.stringify(texts()) === JSON.stringify(native) };
}`;

test.each([
  ["dexie", true],
  ["dexie", false],
  ["context", true],
  ["context", false],
] as const)(
  "with %s loaded first (through the plugin: %s), every program gives what it gives without us",
  async (first, isCarried) => {
    const played = (await inChromium(await bundle(program(first), { isCarried }))) as object;
    expect(played).toEqual({ outside: GIVEN, inside: GIVEN, around: GIVEN, callback: "A", looksNative: true });
  },
  120_000,
);
