// Finds a pgbouncer, and gets Debian's where there is none. `node test/setup/ensure-pgbouncer.mjs` prints its path.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

// Debian keeps it where only root looks.
const ELSEWHERE = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** Its path, as far as one is here. */
export function pgbouncerPath() {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...ELSEWHERE];
  return folders.map((folder) => join(folder, "pgbouncer")).find((path) => existsSync(path));
}

/** @returns its path; `undefined` where none can be had. */
export async function ensurePgbouncer() {
  const path = pgbouncerPath();
  if (path !== undefined || !isDebian()) return path;
  const sudo = process.getuid?.() === 0 ? "" : "sudo -n ";
  const command = `${sudo}apt-get update -qq && ${sudo}apt-get install -y -qq --no-install-recommends pgbouncer`;
  const { code, output } = await run(command, { quiet: true, env: { DEBIAN_FRONTEND: "noninteractive" } });
  if (code !== 0) console.error(output);
  return pgbouncerPath();
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await ensurePgbouncer()) ?? "no pgbouncer here");
