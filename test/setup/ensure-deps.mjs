// Runs before `npm start` and `npm test`: installs what is missing, so that both work straight after `git clone`.
// Plain Node, no dependency: it runs before there is any.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MIN_NODE = [20, 19];

/** What package-lock.json asks for and node_modules does not hold; npm keeps the list of what it installed there. */
function missing() {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  return Object.entries(wanted)
    .filter(([path, { optional, devOptional, peer }]) => path !== "" && !optional && !devOptional && !peer)
    .filter(([path, { version }]) => installed[path]?.version !== version)
    .map(([path]) => path);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return {};
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  console.error(`isopool needs Node ${MIN_NODE.join(".")} or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

function install() {
  console.log("Installing what package-lock.json asks for (npm ci) …");
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  // The npm that runs us, by its own path: another one may stand first on the PATH.
  const npm = process.env.npm_execpath;
  const { status } = npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: "inherit" })
    : spawnSync("npm", args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) {
    console.error("npm ci failed (see above). Is the package registry reachable?");
    process.exit(1);
  }
}

checkNode();
if (missing().length > 0) install();
