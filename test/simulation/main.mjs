// `npm run simulate`: 20,000 random schedules from a seed of the day's own, in two processes.
//
//   --schedules N   how many; --from SEED  the first of them
//   --seed S        this one alone, made small, with its trace; --drop "step 3,abort 7"  without these parts of it
//   --dist FOLDER   another build of isopool, or its src/, instead of src/ here
//   --skip A,B      invariants that are not looked at, and faults that do not happen, by their names
//   --failures N    how many failures it goes on to find; 1 by default
//   --keep          with --seed: prints the case as seeds.json keeps it; --kept  runs those that are kept
//   --plants        looks for faults that are planted, and says after how many schedules each was found
//   --workers N     how many processes; 2 by default

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { cache, root } from "../setup/run.mjs";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "20000" },
    from: { type: "string", default: String(randomInt(2 ** 30)) },
    seed: { type: "string" },
    drop: { type: "string", default: "" },
    dist: { type: "string" },
    skip: { type: "string", default: "" },
    failures: { type: "string", default: "1" },
    plants: { type: "boolean", default: false },
    kept: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
});

const keptCases = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8"));
const list = (text) => text.split(",").filter((each) => each !== "");
const skip = list(values.skip);
const children = new Set();

/** One file of harness and library: no loader stands between them. */
async function bundle() {
  const library = values.dist ? resolve(values.dist) : join(root, "src");
  const ending = existsSync(join(library, "index.ts")) ? "ts" : "js";
  const file = join(cache, `simulation-${process.pid}.mjs`);
  const contents = `
    import * as core from ${JSON.stringify(join(library, `index.${ending}`))};
    import { withSession, workers } from ${JSON.stringify(join(library, `integrations/workers/index.${ending}`))};
    import { work } from ${JSON.stringify(join(import.meta.dirname, "worker.ts"))};
    await work({ ...core, workers, withSession }, JSON.parse(process.argv[2]));`;
  mkdirSync(cache, { recursive: true });
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile: file,
  });
  return file;
}

/** Starts a process on a job; `told` hears each line. */
function start(file, job, told) {
  return new Promise((done, refuse) => {
    const child = spawn(process.execPath, [file, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] });
    children.add(child);
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => told(JSON.parse(line)));
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0 || signal !== null) done();
      else refuse(new Error(`a process of the simulation ended with ${code}`));
    });
  });
}

async function runAll(file) {
  const schedules = Number(values.schedules);
  const workers = Math.max(1, Math.min(Number(values.workers), schedules));
  const from = Number(values.from);
  const failures = [];
  let ran = 0;
  const startedAt = Date.now();
  console.log(`${schedules} schedules from seed ${from}`);
  const jobs = Array.from({ length: workers }, (_, at) => ({
    kind: "run",
    from: from + at,
    count: Math.floor((schedules - at + workers - 1) / workers),
    step: workers,
    skip,
    most: Number(values.failures),
  }));
  const told = (line) => {
    if (line.ran !== undefined) ran += line.ran;
    if (line.seed === undefined) return;
    failures.push(line);
    console.log(`seed ${line.seed}: ${line.invariant}: ${line.message}`);
    if (failures.length >= Number(values.failures)) for (const child of children) child.kill();
  };
  await Promise.all(jobs.map((job) => start(file, job, told)));
  const seconds = (Date.now() - startedAt) / 1000;
  console.log(`${ran} schedules in ${seconds.toFixed(1)} s, ${failures.length} failed`);
  return failures;
}

async function showOne(file, seed, kind) {
  let first;
  await start(file, { kind, seed, skip, drop: list(values.drop) }, (line) => (first = line));
  for (const line of first.trace) console.log(line);
  for (const { invariant, message } of first.violations) console.log(`seed ${seed}: ${invariant}: ${message}`);
  if (first.violations.length === 0) console.log(`seed ${seed} breaks no invariant by itself`);
  const again = [`--seed ${seed}`, first.drop.length > 0 && `--drop "${first.drop.join(",")}"`]
    .filter(Boolean)
    .join(" ");
  console.log(`npm run simulate -- ${again}`);
  if (values.keep) console.log(JSON.stringify({ about: "", ...first.kept }));
  return first.violations.length;
}

const file = await bundle();
try {
  if (values.plants) {
    const told = ({ name, after, within, invariant }) => {
      const found = after === undefined ? `NOT FOUND within ${within}` : `found after ${after}, by "${invariant}"`;
      console.log(`${found}: ${name}`);
      if (after === undefined) process.exitCode = 1;
    };
    const of = Number(values.workers);
    await Promise.all(Array.from({ length: of }, (_, at) => start(file, { kind: "plants", skip, at, of }, told)));
  } else if (values.kept) {
    await start(file, { kind: "kept", skip, cases: keptCases }, ({ about, violations: [first] }) => {
      console.log(first ? `FAILS, ${first.invariant}: ${first.message}: ${about}` : `holds: ${about}`);
      if (first) process.exitCode = 1;
    });
  } else if (values.seed !== undefined) {
    process.exitCode = (await showOne(file, Number(values.seed), values.drop ? "show" : "shrink")) > 0 ? 1 : 0;
  } else {
    const [first] = await runAll(file);
    if (first) {
      console.log("");
      await showOne(file, first.seed, "shrink");
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(file, { force: true });
}
