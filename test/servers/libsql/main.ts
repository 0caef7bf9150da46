// The servers' own process: the libsql addon can bring a process down. It is told what to do by messages from its parent.

import type { Call } from "../child.ts";
import type { Fault, LibsqlServerOptions } from "./options.ts";
import { LibsqlServer } from "./server.ts";
import { SqldServer, stopSqld } from "./sqld-server.ts";

/** What the parent may ask, and what it gets. */
export interface Calls {
  listen(options: LibsqlServerOptions): Promise<string>;
  requests(): LibsqlServer["requests"];
  counts(): LibsqlServer["counts"];
  open(): ReturnType<LibsqlServer["open"]>;
  forgetRequests(): void;
  expireStreams(): void | Promise<void>;
  forgetStreams(): void | Promise<void>;
  fail(fault: Fault): void;
  clearFaults(): void;
  cutHung(): void;
  metFaults(): Promise<void>;
  stop(): Promise<void>;
}

type Server = LibsqlServer | SqldServer;

const servers = new Map<number, Server>();

function listen(number: number, options: LibsqlServerOptions): Promise<string> {
  const server = options.program === undefined ? new LibsqlServer(options) : new SqldServer(options);
  servers.set(number, server);
  return server.listen();
}

const calls: { [Name in Exclude<keyof Calls, "listen">]: (server: Server, argument: unknown) => unknown } = {
  requests: (server) => server.requests,
  counts: (server) => server.counts,
  open: (server) => server.open(),
  forgetRequests: (server) => server.forgetRequests(),
  expireStreams: (server) => server.expireStreams(),
  forgetStreams: (server) => server.forgetStreams(),
  fail: (server, fault) => server.faults.add(fault as Fault),
  clearFaults: (server) => server.faults.clear(),
  cutHung: (server) => server.cutHung(),
  metFaults: (server) => server.faults.met(),
  stop: (server) => server.stop(),
};

async function answer({ id, server: number, name, argument }: Call<keyof Calls>): Promise<void> {
  try {
    const value = await (name === "listen"
      ? listen(number, argument as LibsqlServerOptions)
      : calls[name](servers.get(number)!, argument));
    process.send?.({ id, value });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
  if (name === "stop") servers.delete(number);
}

process.on("message", (call: Call<keyof Calls>) => void answer(call));
// The parent is gone: nothing of ours stays, in memory or on the disk.
async function end(): Promise<void> {
  await Promise.allSettled(Array.from(servers.values(), (server) => server.stop()));
  await stopSqld();
  process.exit();
}

process.on("disconnect", () => void end());
// A terminal tells all of its group at once; this process ends with its parent, and not before.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
