// The Worker of torn-down.test.ts: one unit of work for each request, kept alive by withSession() or by nothing.

import { Client as NeonClient, neon as query } from "@neondatabase/serverless";
import { Client } from "pg";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { type AdapterFactory, createDatabase, type Database } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { optionsFor } from "../neon/target.ts";
import type { Ending } from "./stage.ts";
import { steps, toTold } from "./work.ts";

interface Env {
  readonly URL: string;
  readonly DRIVER: "libsql" | "neon" | "pg";
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
  readonly REFUSED: string;
}

let db: Database | undefined;

function database({ URL: url, DRIVER, FETCH_ENDPOINT, WS_PROXY }: Env): Database {
  const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
  const adapters: Record<Env["DRIVER"], () => AdapterFactory> = {
    libsql: () => libsql(),
    neon: () => neon(optionsFor({ neon: query, Client: NeonClient }, proxy, { transport: "ws" })),
    pg: () => postgres({ Client }),
  };
  return (db ??= createDatabase(url, {
    adapters: [adapters[DRIVER]()],
    context: requestContext(),
    runtime: workers({ warn: () => undefined }),
    setup: ["SELECT 'setup'"],
    afterConnection: async (connection) => void (await connection.query("SELECT 'hook'")),
    pool: { max: 2 },
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

const worker = {
  async fetch(request: Request, env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/stats") return Response.json(database(env).stats());
    try {
      return await (pathname === "/kept" ? kept(request, env, ctx) : bare(request, env));
    } catch (error) {
      return new Response(toTold(error));
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
