// `npm run mutate`: changes src/pool/ and src/session/ in small ways, one at a time, and sees whether a test notices.
//
//   --sample N   so many mutants, by the seed; 100 by default, 0: all
//   --seed S     of the sample; 1 by default
//   --in FOLDER  src/pool or src/session alone; --minutes N  begins no further one then
//
// Each meets the kept cases and a few schedules of the simulation first, and then the tests of its folder. One that makes them
// hang has been noticed as well.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { cache, root, run } from "../setup/run.mjs";
import { mutantsOf } from "./mutants.mjs";

const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    in: { type: "string", default: "src/pool,src/session" },
    minutes: { type: "string", default: "600" },
  },
});

const SCHEDULES = 400;
/** In which everything here ends that does not hang. */
const SIMULATION_MS = 180_000;
const TESTS_MS = 600_000;

const folder = join(cache, `mutation-${process.pid}`);
const source = join(folder, "src");

/** Numbers from 0 to 1 that a seed decides. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sampleOf(all) {
  const size = Number(values.sample) || all.length;
  const random = seeded(Number(values.seed));
  return all
    .map((mutant) => ({ mutant, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, size)
    .map(({ mutant }) => mutant);
}

/** @returns what noticed it; `undefined`: nothing. */
async function noticedBy({ file, start, end, to }) {
  const text = readFileSync(join(root, file), "utf8");
  const copy = join(folder, file);
  writeFileSync(copy, text.slice(0, start) + to + text.slice(end));
  const quiet = { quiet: true };
  try {
    const simulate = `node test/simulation/main.mjs --dist ${source} --workers 1`;
    for (const job of ["--kept", `--from 1 --schedules ${SCHEDULES}`]) {
      const { code } = await run(`${simulate} ${job}`, { ...quiet, timeoutMs: SIMULATION_MS });
      if (code !== 0) return "simulation";
    }
    const tests = `test/${file.split("/")[1]}/`;
    const options = '--typecheck.enabled=false --bail 1 --no-isolate --exclude "**/simulation.test.ts"';
    const env = { MUTANT: join(root, file), MUTANT_CODE: copy };
    const command = `vitest run --config test/mutation/vitest.config.ts ${options} ${tests}`;
    const { code } = await run(command, { ...quiet, env, timeoutMs: TESTS_MS });
    return code === 0 ? undefined : tests;
  } finally {
    writeFileSync(copy, text);
  }
}

mkdirSync(folder, { recursive: true });
cpSync(join(root, "src"), source, { recursive: true });
try {
  const files = values.in
    .split(",")
    .flatMap((each) => readdirSync(join(root, each)).map((name) => `${each}/${name}`))
    .filter((file) => file.endsWith(".ts") && basename(file) !== "index.ts");
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(root, file), "utf8")));
  const sample = sampleOf(all);
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  console.log(`${all.length} mutants in ${files.length} files; ${sample.length} of them by seed ${values.seed}`);
  const counts = { simulation: 0, tests: 0, survived: 0 };
  for (const mutant of sample) {
    if (performance.now() > endsAt) break;
    const by = await noticedBy(mutant);
    counts[by === undefined ? "survived" : by === "simulation" ? by : "tests"]++;
    const { file, line, from, to } = mutant;
    const change = `${from.replaceAll(/\s+/g, " ").slice(0, 60)} → ${to.slice(0, 60)}`;
    console.log(`${by ?? "SURVIVED"}: ${file}:${line}: ${change}`);
  }
  const { simulation, tests, survived } = counts;
  const played = simulation + tests + survived;
  const score = ((100 * (played - survived)) / played).toFixed(0);
  console.log(
    `${played} played: ${simulation} noticed by the simulation, ${tests} by tests, ${survived} survived: ${score} %`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
