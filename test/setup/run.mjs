// How the scripts of this folder start other programs.

import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Programs of node_modules first, whether npm started us or not. */
const PATH = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);

/**
 * Runs a command line to its end.
 *
 * @param options.quiet - keep the output instead of showing it.
 * @param options.env - on top of our own.
 * @param options.timeoutMs - ends it after this long. Default: never.
 * @param options.silenceMs - ends it when it has printed nothing for this long; with `quiet`. Default: never.
 * @returns the exit code (1 for a signal), both streams as one text (`""` when shown), and the seconds it took.
 */
export function run(command, { quiet = false, env = {}, timeoutMs, silenceMs } = {}) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      cwd: root,
      shell: true,
      // A group of its own, so that ending it ends what it started too.
      detached: timeoutMs !== undefined,
      env: { ...process.env, PATH, ...env },
      stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    const timeout = timeoutMs && setTimeout(end, timeoutMs, child);
    const silence = silenceMs && setTimeout(end, silenceMs, child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
        silence?.refresh();
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timeout);
      clearTimeout(silence);
      resolve({ code: code ?? 1, output, seconds: (performance.now() - started) / 1000 });
    });
  });
}

function end(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

/** The folder for what the scripts leave behind; `npm ci` empties it. */
export const cache = join(root, "node_modules", ".cache", "isopool");
