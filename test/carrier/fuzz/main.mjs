// `npm run fuzz`: 10,000 random programs from a seed of the day's own, or `npm run fuzz -- <programs> <first seed>`.

import { randomInt } from "node:crypto";
import { run } from "../../setup/run.mjs";

const [programs = "10000", seed = String(randomInt(2 ** 31))] = process.argv.slice(2);
const { code } = await run("vitest run --config test/vitest.config.ts --typecheck.enabled=false test/carrier/fuzz", {
  env: { FUZZ_PROGRAMS: programs, FUZZ_SEED: seed },
});
process.exitCode = code;
