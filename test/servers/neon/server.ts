// A real PostgreSQL behind a proxy that speaks as Neon's does, for tests and for `npm start`.
//
//   const server = await startNeonServer();               // a second for the first of a process, 0.1 s for the next
//   neonConfig.fetchEndpoint = () => server.fetchEndpoint;
//   neonConfig.wsProxy = () => server.wsProxy;            // with useSecureWebSocket = false, and `ws` as webSocketConstructor on Node 20
//   createDatabase(server.url, …)                         // postgresql://neondb_owner:npg_secret@ep-test.local.neon.test/neondb_1?sslmode=require…
//   await server.query("CREATE TABLE t (id int)");        // as the owner, past the proxy
//   await server.fail({ on: "tunnel", sql: "COMMIT", action: "drop-after" });   // options.ts tells what can go wrong
//   (await server.counts()).flights                       // round trips that clients waited for
//   await server.kill({ which: "idle" });                 // cuts WebSockets now
//   expect(await server.leaks()).toEqual([]);             // tunnels, backends, transactions, advisory locks
//   await server.stop();
//
// From a Worker or a page: `controlOver(server.controlUrl)` of control.ts is the same. `signToken()` of tokens.ts makes JWTs.
// All servers of a process share one child process and one PostgreSQL a version; both end with the process that started them.
//
// With `pooler` a real pgbouncer is behind the WebSockets, where the machine has one. Not emulated: TLS, autosuspend, rate limits, arrays as JSON (no client of ours asks for it).

import { sharedChild } from "../child.ts";
import { type Control, controlBy } from "./control.ts";
import type { Address, Name } from "./main.ts";
import type { NeonDatabase, NeonServerOptions } from "./options.ts";
import { startProcess } from "./process.ts";

export type { Fault, Kill, NeonDatabase, NeonServerOptions, OpenReport, SeenRequest } from "./options.ts";

/** A server in a process of its own, as its tests see it. */
export interface RunningServer extends Control {
  /** Connection string of its first database; the host leads nowhere, the driver is told where to go. */
  readonly url: string;
  /** `http://127.0.0.1:<port>/sql`, for `neonConfig.fetchEndpoint`. */
  readonly fetchEndpoint: string;
  /** `127.0.0.1:<port>/v2`, for `neonConfig.wsProxy`. */
  readonly wsProxy: string;
  readonly port: number;
  /** Connection string for drivers that speak PostgreSQL's own protocol over TCP; counted, and made to fail, as WebSockets are. */
  readonly plainUrl: string;
  /** Where `controlOver()` reaches it from other runtimes. */
  readonly controlUrl: string;
  /** The database that it has from its start: name, owner, password. */
  readonly database: NeonDatabase;
}

const ask = sharedChild<Name>("neon server", () => startProcess());

let servers = 0;

/** Starts a server with an empty database. */
export async function startNeonServer(options: NeonServerOptions = {}): Promise<RunningServer> {
  const server = ++servers;
  const address = (await ask({ server, name: "start", argument: options })) as Address;
  const { port, plainPort, controlUrl, database } = address;
  const { user, password, name } = database;
  return {
    ...controlBy((name, argument) => ask({ server, name, argument })),
    url: database.url,
    fetchEndpoint: `http://127.0.0.1:${port}/sql`,
    wsProxy: `127.0.0.1:${port}/v2`,
    port,
    plainUrl: `postgresql://${user}:${password}@127.0.0.1:${plainPort}/${name}`,
    controlUrl,
    database,
  };
}
