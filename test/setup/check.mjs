// `npm run check`: everything that reads the code without running it. Needs a build.

import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

export const checks = [
  ["types", "tsc -p tsconfig.json --noEmit"],
  ["types of src alone", "tsc -p src/tsconfig.json --noEmit"],
  ["lint", "oxlint"],
  ["format", "oxfmt --check ."],
  ["unused code and dependencies", "knip"],
  ["package, for Node and bundlers", "publint --strict"],
  ["package, for TypeScript", "attw --pack . --profile esm-only --no-emoji"],
  ["sizes", "size-limit"],
];

/** Checks of `npm run check` that `npm test` meets as tests. */
const asTests = [["layers and exports", "vitest run --config test/vitest.config.ts test/package"]];

/** Runs the checks one after another, and shows what the failed ones said. */
export async function runChecks(list = checks) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, command] of list) {
    const { code, output, seconds } = await run(command, { quiet: true });
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)`);
    if (code !== 0) console.log(`\n$ ${command}\n${output}`);
    counts[code === 0 ? "passed" : "failed"] += 1;
  }
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed } = await runChecks([...checks, ...asTests]);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
