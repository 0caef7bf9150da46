// A real workerd, started directly on a generated config: no entry worker in front, any compatibility date.

import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";

export interface WorkerdOptions {
  /** A bundled ES module: the worker. */
  readonly script: string;
  /** Compiled WebAssembly, imported by the script as `./<file name>`. */
  readonly wasm?: readonly string[];
  /** Default: the newest that this workerd knows. */
  readonly compatibilityDate?: string;
  readonly compatibilityFlags?: readonly string[];
  /** Variables of the worker's `env`. The worker itself is there as `SELF`. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Classes of Durable Objects in the script; their namespaces are in `env` by the same names. */
  readonly durableObjects?: readonly string[];
  /** Lets the worker have flags that are experimental. Default false. */
  readonly isExperimental?: boolean;
}

export interface Workerd {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** What workerd printed so far. */
  readonly log: () => string;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Starts a worker; resolves when it listens. Call `stop()` once, on every path. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-workerd-"));
  for (const wasm of options.wasm ?? []) copyFileSync(wasm, join(folder, basename(wasm)));
  writeFileSync(join(folder, "worker.js"), options.script);
  writeFileSync(join(folder, "config.capnp"), configText(options));
  const experimental = options.isExperimental ? ["--experimental"] : [];
  const child = spawn(executable(), ["serve", ...experimental, "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { url: `http://127.0.0.1:${await listeningPort(child)}`, log: () => printed, stop };
  } catch {
    await stop();
    throw new Error(`workerd did not start:\n${printed}`);
  }
}

/** The binary itself: its npm wrapper would outlive a signal's target. */
function executable(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const machine = process.arch === "x64" ? "64" : process.arch;
  const file = process.platform === "win32" ? "workerd.exe" : "workerd";
  return createRequire(require.resolve("workerd")).resolve(`@cloudflare/workerd-${system}-${machine}/bin/${file}`);
}

function configText(options: WorkerdOptions): string {
  const { wasm = [], compatibilityDate = newestDate(), compatibilityFlags = [], bindings = {} } = options;
  const { durableObjects = [] } = options;
  const quote = (text: string): string => JSON.stringify(text);
  const modules = wasm.map((path) => `(name = ${quote(basename(path))}, wasm = embed ${quote(basename(path))})`);
  const variables = Object.entries(bindings).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`);
  const objects = durableObjects.map((name) => `(name = ${quote(name)}, durableObjectNamespace = ${quote(name)})`);
  const namespaces = durableObjects.map((name) => `(className = ${quote(name)}, uniqueKey = ${quote(name)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${['(name = "worker.js", esModule = embed "worker.js")', ...modules].join(", ")}],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quote).join(", ")}],
  bindings = [${['(name = "SELF", service = "main")', ...variables, ...objects].join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (inMemory = void),
);
`;
}

function newestDate(): string {
  return (require("workerd") as { compatibilityDate: string }).compatibilityDate;
}

/** workerd tells the port it got as a line of JSON on the third file descriptor. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("close", reject).once("error", reject);
    const late = setTimeout(reject, 30_000);
    let text = "";
    const control = child.stdio[3] as Readable;
    control.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const line = text.split("\n").find((each) => each.includes('"listen"'));
      if (line === undefined) return;
      clearTimeout(late);
      resolve((JSON.parse(line) as { port: number }).port);
    });
  });
}
