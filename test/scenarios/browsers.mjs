// The browsers that are here, each started on a page by itself: no driver is needed.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { browserPath } from "../setup/ensure-browser.mjs";

/** By name: where it is, if it is here; the package of Debian's that has it; what it is started with. */
export const BROWSERS = {
  Chromium: {
    path: browserPath(),
    args: (profile, url) => [
      ...["--headless", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`],
      ...["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1", url],
    ],
  },
  Firefox: {
    path: onPath("firefox-esr", "firefox"),
    package: "firefox-esr",
    // It would open pages again by itself: those of a browser that was killed, and in the background for their pictures.
    preferences: [
      'user_pref("browser.sessionstore.resume_from_crash", false);\n',
      'user_pref("browser.pagethumbnails.capturing_disabled", true);\n',
    ].join(""),
    args: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
  },
  WebKitGTK: {
    path: firstOf(
      ["4.1", "6.0", "4.0"].flatMap((version) =>
        ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
          (machine) => `/usr/lib/${machine}/webkit2gtk-${version}/MiniBrowser`,
        ),
      ),
      ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((machine) => `/usr/lib/${machine}/webkitgtk-6.0/MiniBrowser`),
    ),
    package: "libwebkit2gtk-4.1-0, xvfb and xauth",
    // It has no headless mode: where there is no display, it is lent one.
    within: process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? undefined : (onPath("xvfb-run") ?? "xvfb-run"),
    args: (_profile, url) => [url],
  },
};

/** @returns whether it can be started. */
export function isHere({ path, within }) {
  return path !== undefined && (within === undefined || existsSync(within));
}

/** A folder for all that a browser keeps. Remove it when the browser has ended. */
export function makeProfile() {
  const path = mkdtempSync(join(tmpdir(), "isopool-browser-"));
  const remove = async () => {
    // Processes that end a moment later still write.
    for (let left = 20; ; left--) {
      try {
        return rmSync(path, { recursive: true, force: true });
      } catch (error) {
        if (left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  };
  return { path, remove };
}

/**
 * Starts a browser on a page.
 *
 * @returns `ended`: settles when it has; `kill(signal)`: ends all its processes, and waits for that.
 */
export function startBrowser({ path, args, within, preferences }, profile, url) {
  if (preferences) writeFileSync(join(profile, "user.js"), preferences);
  const command = [...(within ? [within, "-a"] : []), path, ...args(profile, url)];
  const env = { ...process.env, HOME: profile, XDG_CONFIG_HOME: join(profile, "config") };
  for (const kind of ["DATA", "CACHE", "STATE"]) env[`XDG_${kind}_HOME`] = join(profile, kind.toLowerCase());
  // A group of its own: a browser is many processes.
  const browser = spawn(command[0], command.slice(1), { detached: true, stdio: "ignore", env });
  const ended = new Promise((resolve) => browser.once("close", resolve).once("error", resolve));
  const kill = async (signal = "SIGTERM") => {
    // The whole group, if it is not gone by itself.
    if (browser.exitCode === null && browser.pid !== undefined) process.kill(-browser.pid, signal);
    await ended;
  };
  return { ended, kill };
}

function onPath(...names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return firstOf(names.flatMap((name) => folders.map((folder) => join(folder, name))));
}

function firstOf(...lists) {
  return lists.flat().find((path) => existsSync(path));
}
