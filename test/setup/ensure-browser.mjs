// Finds a Chromium that really starts, and gets one where there is none. `node test/setup/ensure-browser.mjs` prints its path.
// The order: what is on the machine; Playwright's own download; Debian's package; a message that says what to install. In CI, Debian's
// package comes first.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { cache, run } from "./run.mjs";

const REMEMBERED = join(cache, "chromium-path");
/** Debian's build without windows: the same engine, and it starts in a third of the time. */
const SHELL = "chromium-headless-shell";
const NAMES = [SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];
/** A download that says nothing for this long, or takes this long, is given up. */
const DOWNLOAD_SILENCE_MS = 20_000;
const DOWNLOAD_MS = 300_000;

const HELP = `No Chromium starts here, and none could be fetched. One of these helps:
  npx playwright install --with-deps chromium     Playwright's own
  apt-get install chromium-headless-shell         Debian's package, as root
  CHROMIUM_PATH=/path/to/chromium npm test        one that you have`;

/** The executable as far as known without starting or fetching anything; for Playwright's config. */
export function browserPath() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  if (existsSync(REMEMBERED)) return readFileSync(REMEMBERED, "utf8");
  return candidates()[0];
}

/** @returns `{ executablePath }` of a Chromium that has been started once. Throws when none can be had. */
export async function ensureBrowser() {
  // What is tested in CI is not looked at: there the tests' time is worth a package.
  if (process.env.CI && !process.env.CHROMIUM_PATH && !hasShell()) await installPackage();
  const executablePath = (await firstThatStarts()) ?? (await download()) ?? (await installPackage());
  if (!executablePath) throw new Error(HELP);
  mkdirSync(cache, { recursive: true });
  writeFileSync(REMEMBERED, executablePath);
  return { executablePath };
}

/** CHROMIUM_PATH is an order: with it set, no other is looked for. */
function candidates() {
  if (process.env.CHROMIUM_PATH) return [process.env.CHROMIUM_PATH];
  const [shells, ...others] = NAMES.map((name) => onPath(name));
  return [...shells, chromium.executablePath(), ...others.flat(), ...ELSEWHERE].filter((path) => existsSync(path));
}

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
}

function hasShell() {
  return onPath(SHELL).some((path) => existsSync(path));
}

async function firstThatStarts() {
  for (const executablePath of candidates()) {
    try {
      const browser = await chromium.launch({ executablePath, timeout: 120_000 });
      await browser.close();
      return executablePath;
    } catch (error) {
      console.error(`${executablePath} does not start: ${error.message.split("\n").at(0)}`);
    }
  }
}

async function download() {
  if (process.env.CHROMIUM_PATH || process.env.PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD) return;
  console.error("No Chromium on this machine; trying Playwright's download …");
  const { code } = await run("playwright install --no-shell chromium", {
    quiet: true,
    env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: String(DOWNLOAD_SILENCE_MS) },
    silenceMs: DOWNLOAD_SILENCE_MS,
    timeoutMs: DOWNLOAD_MS,
  });
  // A download may lack system libraries and not start: then the next way is tried.
  if (code === 0) return await firstThatStarts();
  console.error("Playwright's download cannot be had here.");
}

async function installPackage() {
  if (process.env.CHROMIUM_PATH || !isDebian()) return;
  const sudo = process.getuid?.() === 0 ? "" : "sudo -n ";
  console.error("Installing Debian's Chromium …");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = `${sudo}apt-get install -y -qq --no-install-recommends`;
  const { code, output } = await run(`${sudo}apt-get update -qq && { ${install} ${SHELL} || ${install} chromium; }`, {
    quiet: true,
    env,
    timeoutMs: DOWNLOAD_MS,
  });
  if (code === 0) return await firstThatStarts();
  console.error(output);
}

/** Ubuntu's package of that name is only a door to a snap, which needs more than apt. */
function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log((await ensureBrowser()).executablePath);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
