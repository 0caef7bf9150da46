// What an entry costs a page: minified and gzipped, with all that it imports. size-limit enforces the same in `npm run check`.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

const manifest = createRequire(import.meta.url)("../../package.json");

export default async function measureSizes() {
  // It exits with 1 when a limit is passed, and prints the same.
  const { stdout } = await promisify(execFile)("npx", ["--no-install", "size-limit", "--json"]).catch((error) => error);
  const sizes = JSON.parse(stdout);
  if (sizes.error) throw new Error(sizes.error);
  return sizes.map(({ name, size, passed }) => {
    const { limit } = manifest["size-limit"].find((each) => each.name === name);
    return { name, value: size / 1000, unit: "kB", target: `at most ${limit}`, ok: passed };
  });
}
