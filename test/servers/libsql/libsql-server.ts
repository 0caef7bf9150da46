import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import type { Call, Calls } from "./main.ts";
import type { Fault, LibsqlServerOptions } from "./options.ts";

export type { Fault, LibsqlServerOptions, ProfileName } from "./options.ts";

/** A server in a process of its own, as its tests see it. */
export interface RunningServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Every request since the start, or since `forgetRequests()`, in order. */
  requests(): Promise<Awaited<ReturnType<Calls["requests"]>>>;
  counts(): Promise<Awaited<ReturnType<Calls["counts"]>>>;
  /** Streams that are open: what a test left behind. */
  open(): Promise<Awaited<ReturnType<Calls["open"]>>>;
  forgetRequests(): Promise<void>;
  /** As if every stream had been idle for too long. */
  expireStreams(): Promise<void>;
  /** As after a restart of the server: no baton is known. */
  forgetStreams(): Promise<void>;
  /** Makes something go wrong with requests to come. */
  fail(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  stop(): Promise<void>;
}

type Ask = (call: Pick<Call, "server" | "name"> & { readonly argument?: unknown }) => Promise<unknown>;

let servers = 0;
let asking: Promise<Ask> | undefined;

/** Starts a Hrana server on a database of its own, empty unless a folder is given. All servers of one process share another. */
export async function startLibsqlServer(options: LibsqlServerOptions = {}): Promise<RunningServer> {
  const ask = await (asking ??= start());
  const server = ++servers;
  const url = (await ask({ server, name: "listen", argument: options })) as string;
  const method = (name: Call["name"]) => (argument?: unknown) => ask({ server, name, argument }) as Promise<never>;
  return {
    url,
    requests: method("requests"),
    counts: method("counts"),
    open: method("open"),
    forgetRequests: method("forgetRequests"),
    expireStreams: method("expireStreams"),
    forgetStreams: method("forgetStreams"),
    fail: method("fail"),
    clearFaults: method("clearFaults"),
    stop: method("stop"),
  };
}

async function start(): Promise<Ask> {
  const entryPoints = [fileURLToPath(new URL("main.ts", import.meta.url))];
  // Node 20 runs no TypeScript: the server is one bundle, handed over as text. Packages are then looked for from the folder it runs in.
  const target = { platform: "node", format: "esm", target: "node20", external: ["libsql"] } satisfies BuildOptions;
  const { outputFiles } = await build({ ...target, entryPoints, bundle: true, write: false });
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-"], {
    cwd,
    stdio: ["pipe", "inherit", "inherit", "ipc"],
  });
  child.stdin!.end(outputFiles[0]!.text);
  // It ends with this process, and keeps it from nothing but waiting for an answer.
  child.unref();
  return askerOf(child);
}

function askerOf(child: ChildProcess): Ask {
  let calls = 0;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on("message", ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (waiting.size === 0) child.channel?.unref();
    if (error === undefined) resolve(value);
    else reject(new Error(`libsql server: ${error}`));
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the libsql server ended, with code ${code}`));
    waiting.clear();
    asking = undefined;
  });
  return (call) =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, { resolve, reject });
      child.channel?.ref();
      child.send({ argument: undefined, ...call, id } satisfies Call);
    });
}
