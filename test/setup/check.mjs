// `npm run check`: everything that reads the code without running it: the scripts `check:…` of package.json. Needs a build.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "./run.mjs";

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const checks = Object.entries(scripts).filter(([name]) => name.startsWith("check:") && name !== "check:fast");

/** What is quick and finds most: `npm run check:fast`, which needs no build. */
const quick = checks.filter(([name]) => ["check:types", "check:lint", "check:format"].includes(name));

/** What `npm test` meets as tests: layers, exports, public surface, packed files, examples. */
const asTests = ["check:package", "vitest run --config test/vitest.config.ts test/package"];

/** Runs the checks one after another, and shows what the failed ones said. */
export async function runChecks(list = checks) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const [name, command] of list) {
    const { code, output, seconds } = await run(command, { quiet: true });
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)`);
    if (code !== 0) {
      console.log(`\n$ ${command}\n${output}`);
      counts.failures.push(name);
    }
    counts[code === 0 ? "passed" : "failed"] += 1;
  }
  return counts;
}

/** All at once: none of them waits for another. */
async function runQuickChecks() {
  const all = await Promise.all(quick.map((check) => runChecks([check])));
  const sum = (key) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isFast = process.argv.includes("--fast");
  const { passed, failed } = await (isFast ? runQuickChecks() : runChecks([...checks, asTests]));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
