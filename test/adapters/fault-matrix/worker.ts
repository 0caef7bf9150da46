// The Worker of torn-down.test.ts and hosted.test.ts: one unit of work for each request, kept alive by withSession() or by nothing.

import { Client as NeonClient, neon as query } from "@neondatabase/serverless";
import { Client } from "pg";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { hosted, type HostedFactory, type PoolHostNamespace } from "../../../src/adapters/hosted/index.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { type AdapterFactory, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { optionsFor } from "../neon/target.ts";
import type { Ending } from "./stage.ts";
import { steps, toTold } from "./work.ts";

interface Env {
  readonly URL: string;
  readonly DRIVER: "libsql" | "neon" | "pg" | "hosted";
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
  readonly REFUSED: string;
  readonly POOL?: PoolHostNamespace;
}

const HOSTED = "hosted://goods";

let db: Database | undefined;
let host: HostedFactory | undefined;

function database({ URL, DRIVER, FETCH_ENDPOINT, WS_PROXY, POOL }: Env): Database {
  const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
  const adapters: Record<Env["DRIVER"], () => AdapterFactory> = {
    libsql: () => libsql(),
    neon: () => neon(optionsFor({ neon: query, Client: NeonClient }, proxy, { transport: "ws" })),
    pg: () => postgres({ Client }),
    hosted: () => (host = hosted({ namespace: () => POOL! })),
  };
  // Of a pool host, these are the host's.
  const prepared: Partial<DatabaseOptions> = {
    setup: ["SELECT 'setup'"],
    afterConnection: async (connection) => void (await connection.query("SELECT 'hook'")),
    pool: { max: 2 },
  };
  const isHosted = DRIVER === "hosted";
  return (db ??= createDatabase(isHosted ? HOSTED : URL, {
    adapters: [adapters[DRIVER]()],
    context: requestContext(),
    runtime: workers({ warn: () => undefined }),
    ...(!isHosted && prepared),
  }));
}

const endingOf = (request: Request): Ending => new URL(request.url).searchParams.get("ending") as Ending;

const kept = withSession(database, async (request: Request, env: Env, _ctx: unknown, session) => {
  await steps(session, endingOf(request), env.REFUSED);
  return new Response("done");
});

async function bare(request: Request, env: Env): Promise<Response> {
  await database(env).session((session) => steps(session, endingOf(request), env.REFUSED));
  return new Response("done");
}

/** Nothing is left of a pool host. */
async function end({ POOL }: Env): Promise<object> {
  const object = POOL?.get(POOL.idFromName("goods") as never) as { reset(): Promise<void> } | undefined;
  // The call itself fails with its object.
  await object?.reset().catch(() => undefined);
  return {};
}

const worker = {
  async fetch(request: Request, env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/stats") return Response.json(host ? (await host.stats(HOSTED))[0] : database(env).stats());
    if (pathname === "/end") return Response.json(await end(env));
    try {
      return await (pathname === "/kept" ? kept(request, env, ctx) : bare(request, env));
    } catch (error) {
      return new Response(toTold(error));
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
