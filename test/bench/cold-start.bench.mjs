// From the start of workerd to its first answer, with what a Worker brings along for libSQL, beside a Worker that brings nothing. In
// turns, many times. The bundles are minified, as they are deployed.

import { runnerImport } from "vite";
import { bundledWorker, STARTS } from "./workers/bundled.mjs";
import { median } from "./rounds.mjs";

const ROUNDS = 25;
const WARM_UP = 3;

/** @returns rows for `npm run bench`: the median start of each, and its ratio to the empty one. */
async function coldStartBench() {
  const { module } = await runnerImport(new URL("../runtime/workerd.ts", import.meta.url).pathname);
  const scripts = {};
  for (const name of Object.keys(STARTS)) scripts[name] = await bundledWorker(name);
  const seen = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const times = {};
    for (const [name, script] of Object.entries(scripts)) times[name] = await startMs(module.startWorkerd, script);
    if (round >= 0) seen.push(times);
  }
  return Object.entries(STARTS).map(([name, { words }]) => {
    const ratio = median(seen.map((times) => times[name] / times.empty));
    const target = name === "isopool" ? { target: "at most 1.15", ok: ratio <= 1.15 } : {};
    return { name: words, value: median(seen.map((times) => times[name])), unit: "ms", ratio, ...target };
  });
}

export default coldStartBench;

async function startMs(startWorkerd, script) {
  const startedAt = performance.now();
  const workerd = await startWorkerd({ script });
  try {
    const text = await (await fetch(workerd.url)).text();
    if (text !== "started") throw new Error(`the Worker answered: ${text}`);
    return performance.now() - startedAt;
  } finally {
    await workerd.stop();
  }
}
