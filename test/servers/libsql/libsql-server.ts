import { sharedChild, startChild } from "../child.ts";
import type { Calls } from "./main.ts";
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
  /** Hangs up on clients who wait for an answer that a fault has kept back. */
  cutHung(): Promise<void>;
  /** Resolves with the next fault that happens, or with one since the last call; and with `clearFaults()`. */
  metFaults(): Promise<void>;
  stop(): Promise<void>;
}

const ask = sharedChild<keyof Calls>("libsql server", () =>
  startChild(new URL("main.ts", import.meta.url), { external: ["libsql"], flags: ["--expose-gc"] }),
);

let servers = 0;

/** Starts a Hrana server on a database of its own, empty unless a folder is given. All servers of one process share another. */
export async function startLibsqlServer(options: LibsqlServerOptions = {}): Promise<RunningServer> {
  const server = ++servers;
  const url = (await ask({ server, name: "listen", argument: options })) as string;
  const method = (name: keyof Calls) => (argument?: unknown) => ask({ server, name, argument }) as Promise<never>;
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
    cutHung: method("cutHung"),
    metFaults: method("metFaults"),
    stop: method("stop"),
  };
}
