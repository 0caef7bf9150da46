// A real workerd, started directly on a generated config: no entry worker in front, any compatibility date.

import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { tellPrinted } from "../setup/secrets.ts";

/** One Worker of a workerd: an isolate of its own. */
export interface WorkerOptions {
  /** A bundled ES module: the worker. */
  readonly script: string;
  /** Compiled WebAssembly, imported by the script as `./<file name>`. */
  readonly wasm?: readonly string[];
  /** Default: the newest that this workerd knows. */
  readonly compatibilityDate?: string;
  readonly compatibilityFlags?: readonly string[];
  /** Variables of the worker's `env`. The worker itself is there as `SELF`. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Bindings of Hyperdrive: where it connects to, and with which login and database. */
  readonly hyperdrives?: Readonly<Record<string, Hyperdrive>>;
  /** Classes of Durable Objects in the script; their namespaces are in `env` by the same names. */
  readonly durableObjects?: readonly string[];
  /** Their storage has SQL, in files that are gone with workerd. Default false: it is in memory, which has none. */
  readonly hasSql?: boolean;
  /** Namespaces of objects that are in another worker's script, by the name of the binding: as `script_name` does. */
  readonly objectsOf?: Readonly<Record<string, { readonly worker: string; readonly className: string }>>;
  /** Further bindings, as the config has them. */
  readonly more?: readonly string[];
}

export interface Hyperdrive {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface WorkerdOptions extends WorkerOptions {
  /** Further workers, by their names; the first is `main`. */
  readonly workers?: Readonly<Record<string, WorkerOptions>>;
  /** Further services and sockets, as the config has them. */
  readonly services?: readonly string[];
  readonly sockets?: readonly string[];
  /** Folder with the files of the objects' SQL, kept when workerd stops. Default: one that is gone with it. */
  readonly objectsIn?: string;
  /** Flags of V8's: `--expose-gc`. */
  readonly v8Flags?: readonly string[];
  /** Lets the workers have what is experimental. Default false. */
  readonly isExperimental?: boolean;
}

export interface Workerd {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly pid: number;
  /** What workerd printed so far. */
  readonly log: () => string;
  /** Sends a signal to its process: `SIGSTOP`. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Starts a worker; resolves when it listens. Call `stop()` once, on every path. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-workerd-"));
  const { workers = {} } = options;
  for (const [name, { script, wasm = [] }] of Object.entries({ main: options, ...workers })) {
    for (const path of wasm) copyFileSync(path, join(folder, basename(path)));
    writeFileSync(join(folder, `${name}.js`), script);
  }
  mkdirSync(join(folder, "objects"));
  writeFileSync(join(folder, "config.capnp"), configText(options, folder));
  const experimental = options.isExperimental ? ["--experimental"] : [];
  const child = spawn(executable(), ["serve", ...experimental, "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      // No secret may be in it: test/setup/leaked-secrets.ts looks.
      tellPrinted(text);
    });
  const stop = async (): Promise<void> => {
    child.kill();
    // One that was stopped hears of it when it goes on.
    child.kill("SIGCONT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return {
      url: `http://127.0.0.1:${await listeningPort(child)}`,
      pid: child.pid!,
      log: () => printed,
      signal: (name) => void child.kill(name),
      stop,
    };
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

function configText(options: WorkerdOptions, folder: string): string {
  const { workers = {}, services = [], sockets = [], v8Flags = [] } = options;
  const all = Object.entries({ main: options, ...workers });
  const own = all.map(([name]) => `(name = ${quote(name)}, worker = .${name})`);
  const origins = all.flatMap(([, { hyperdrives = {} }]) =>
    Object.entries(hyperdrives).map(
      ([name, { port }]) => `(name = ${quote(name)}, external = (address = "127.0.0.1:${port}", tcp = ()))`,
    ),
  );
  const internet = `(name = "internet", network = (allow = ["private", "local"]))`;
  const { objectsIn = join(folder, "objects") } = options;
  const objects = `(name = "objects", disk = (path = ${quote(objectsIn)}, writable = true))`;
  const http = `(name = "http", address = "127.0.0.1:0", http = (), service = "main")`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${[...own, internet, objects, ...origins, ...services].join(", ")}],
  sockets = [${[http, ...sockets].join(", ")}],
  v8Flags = [${v8Flags.map(quote).join(", ")}],
);
${all.map(([name, worker]) => workerText(name, worker)).join("\n")}`;
}

function workerText(name: string, options: WorkerOptions): string {
  const { wasm = [], compatibilityDate = newestDate(), compatibilityFlags = [], bindings = {} } = options;
  const { durableObjects = [], hasSql = false, objectsOf = {}, hyperdrives = {}, more = [] } = options;
  const modules = wasm.map((path) => `(name = ${quote(basename(path))}, wasm = embed ${quote(basename(path))})`);
  const variables = Object.entries(bindings).map(([key, text]) => `(name = ${quote(key)}, text = ${quote(text)})`);
  const objects = durableObjects.map((key) => `(name = ${quote(key)}, durableObjectNamespace = ${quote(key)})`);
  const others = Object.entries(objectsOf).map(
    ([key, { worker, className }]) =>
      `(name = ${quote(key)}, durableObjectNamespace = (className = ${quote(className)}, serviceName = ${quote(worker)}))`,
  );
  const namespaces = durableObjects.map(
    (key) => `(className = ${quote(key)}, uniqueKey = ${quote(key)}${hasSql ? ", enableSql = true" : ""})`,
  );
  const drives = Object.entries(hyperdrives).map(
    ([key, { user, password, database }]) =>
      `(name = ${quote(key)}, hyperdrive = (designator = ${quote(key)}, scheme = "postgres",
        user = ${quote(user)}, password = ${quote(password)}, database = ${quote(database)}))`,
  );
  const self = `(name = "SELF", service = ${quote(name)})`;
  return `const ${name} :Workerd.Worker = (
  modules = [${[`(name = "worker.js", esModule = embed ${quote(`${name}.js`)})`, ...modules].join(", ")}],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quote).join(", ")}],
  bindings = [${[self, ...variables, ...objects, ...others, ...drives, ...more].join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (${hasSql ? 'localDisk = "objects"' : "inMemory = void"}),
);
`;
}

function quote(text: string): string {
  return JSON.stringify(text);
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
