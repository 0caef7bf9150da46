// What an entry costs a page: minified and gzipped, with all that it imports. `npm run check` holds each to what it has
// reached, which only ever goes down; the goals are further off. And a whole Worker, beside what others bring along for the same.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { bundledWorker, STARTS } from "./workers/bundled.mjs";

const manifest = createRequire(import.meta.url)("../../package.json");

const GOALS_KB = {
  "isopool/pool": 3,
  isopool: 15.9,
  "isopool/sql-js": 3,
  "isopool/libsql": 10,
  "isopool/neon/http": 8.5,
};

export default async function measureSizes() {
  // It exits with 1 when a limit is passed, and prints the same.
  const { stdout } = await promisify(execFile)("npx", ["--no-install", "size-limit", "--json"]).catch((error) => error);
  const sizes = JSON.parse(stdout);
  if (sizes.error) throw new Error(sizes.error);
  return [...sizes.map(rowOf), ...(await workers())];
}

async function workers() {
  const kB = {};
  for (const name of Object.keys(STARTS).filter((each) => each !== "empty"))
    kB[name] = gzipSync(await bundledWorker(name), { level: 9 }).length / 1_000;
  return Object.entries(kB).map(([name, value]) => ({
    name: `a Worker with ${STARTS[name].words.replace("isopool: ", "isopool, ")}`,
    value,
    unit: "kB",
    ratio: value / kB.drizzle,
    ...(name === "isopool" && { target: "at most 30 kB; less than Drizzle's", ok: value <= 30 && value < kB.drizzle }),
  }));
}

function rowOf({ name, size, passed }) {
  const { limit } = manifest["size-limit"].find((each) => each.name === name);
  const goalKb = GOALS_KB[name];
  const target = goalKb ? `at most ${goalKb} kB; held to ${limit}` : `at most ${limit}`;
  return { name, value: size / 1000, unit: "kB", target, ok: passed && !(size > goalKb * 1000) };
}
