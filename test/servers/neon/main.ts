// The servers' own process: PostgreSQL ends with it. It is told what to do by messages from its parent, or by HTTP from
// where there are none: a Worker, or a browser's page.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Call } from "../child.ts";
import { Databases } from "./databases.ts";
import { Neon } from "./neon.ts";
import type { Fault, Kill, NeonServerOptions, PostgresVersion } from "./options.ts";
import { startPostgres } from "./postgres.ts";

/** What a server can be asked for, and what it gives. */
export interface Calls {
  createDatabase(): ReturnType<Neon["createDatabase"]>;
  query(argument: {
    readonly sql: string;
    readonly database?: string;
    readonly isAgain?: boolean;
  }): ReturnType<Neon["query"]>;
  requests(): Neon["requests"];
  counts(): Neon["counts"];
  open(): ReturnType<Neon["open"]>;
  leaks(withinMs: number | undefined): ReturnType<Neon["leaks"]>;
  forgetRequests(): void;
  fail(fault: Fault): void;
  clearFaults(): void;
  metFaults(): Promise<void>;
  kill(kill: Kill | undefined): number;
  killBackends(): ReturnType<Neon["killBackends"]>;
  stop(): Promise<void>;
}

/** What a started server tells. */
export interface Address {
  readonly port: number;
  readonly plainPort: number;
  /** Where it is told by `POST <controlUrl>/<name of the call>`, with a JSON body. */
  readonly controlUrl: string;
  readonly database: Awaited<ReturnType<Neon["createDatabase"]>>;
}

export type Name = "start" | keyof Calls;

const calls: { [Name in keyof Calls]: (neon: Neon, argument: never) => unknown } = {
  createDatabase: (neon) => neon.createDatabase(),
  query: (neon, { sql, database, isAgain }: Parameters<Calls["query"]>[0]) => neon.query(sql, database, isAgain),
  requests: (neon) => neon.requests,
  counts: (neon) => neon.counts,
  open: (neon) => neon.open(),
  leaks: (neon, withinMs: number | undefined) => neon.leaks(withinMs),
  forgetRequests: (neon) => neon.forgetRequests(),
  fail: (neon, fault: Fault) => neon.fail(fault),
  clearFaults: (neon) => neon.clearFaults(),
  metFaults: (neon) => neon.metFaults(),
  kill: (neon, kill: Kill | undefined) => neon.kill(kill),
  killBackends: (neon) => neon.killBackends(),
  stop,
};

const clusters = new Map<PostgresVersion, Promise<Databases>>();
const servers = new Map<number, Neon>();
let control: Promise<string> | undefined;

async function start(number: number, options: NeonServerOptions): Promise<Address> {
  const { version = 18 } = options;
  const starting = clusters.get(version) ?? startPostgres(version).then(Databases.prepare);
  clusters.set(version, starting);
  const neon = await Neon.start(await starting, options);
  servers.set(number, neon);
  return { ...(await neon.listen()), controlUrl: `${await (control ??= listen())}/${number}` };
}

/** A PostgreSQL of which more was changed than a database has no further servers. */
async function stop(neon: Neon): Promise<void> {
  const { databases } = neon;
  await neon.stop();
  for (const [number, server] of servers) if (server === neon) servers.delete(number);
  if (await databases.isUnspoiled()) return;
  for (const [version, cluster] of clusters) if ((await cluster) === databases) clusters.delete(version);
  const isUsed = [...servers.values()].some((other) => other.databases === databases);
  if (!isUsed) await databases.postgres.stop();
}

async function run(number: number, name: string, argument: unknown): Promise<unknown> {
  if (name === "start") return start(number, argument as NeonServerOptions);
  const neon = servers.get(number);
  if (neon === undefined || !(name in calls)) throw new Error(`server ${number} has no ${name}`);
  return calls[name as keyof Calls](neon, argument as never);
}

async function answer({ id, server, name, argument }: Call): Promise<void> {
  try {
    process.send?.({ id, value: await run(server, name, argument) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
}

async function listen(): Promise<string> {
  const server = createServer((request, response) => void answerOver(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answerOver(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, number, name] = (request.url ?? "").split("/");
  let text = "";
  for await (const chunk of request) text += String(chunk);
  response.setHeader("access-control-allow-origin", "*");
  try {
    const value = await run(Number(number), String(name), text === "" ? undefined : JSON.parse(text));
    response.end(JSON.stringify({ value }));
  } catch (error) {
    response.writeHead(500).end(JSON.stringify({ error: String(error) }));
  }
}

process.on("message", (call: Call) => void answer(call));
// The parent is gone, and PostgreSQL's keeper sees this process go.
process.on("disconnect", () => process.exit());
// A terminal tells all of its group at once; this process ends with its parent, and not before.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
