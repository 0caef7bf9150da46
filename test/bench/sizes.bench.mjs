// What an entry costs a page: minified and gzipped, with all that it imports. `npm run check` holds each to what it has
// reached, which only ever goes down; the goals are further off.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

const manifest = createRequire(import.meta.url)("../../package.json");

const GOALS_KB = { "isopool/pool": 3, isopool: 9, "isopool/sql-js": 3 };

export default async function measureSizes() {
  // It exits with 1 when a limit is passed, and prints the same.
  const { stdout } = await promisify(execFile)("npx", ["--no-install", "size-limit", "--json"]).catch((error) => error);
  const sizes = JSON.parse(stdout);
  if (sizes.error) throw new Error(sizes.error);
  return sizes.map(({ name, size, passed }) => {
    const { limit } = manifest["size-limit"].find((each) => each.name === name);
    const goalKb = GOALS_KB[name];
    const target = goalKb ? `at most ${goalKb} kB; held to ${limit}` : `at most ${limit}`;
    return { name, value: size / 1000, unit: "kB", target, ok: passed && !(size > goalKb * 1000) };
  });
}
