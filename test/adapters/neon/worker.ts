// The Worker of workers.test.ts: one database at module level.

import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../../src/adapters/neon/index.ts";
import { createDatabase, type Database, isDbError } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { optionsFor } from "./target.ts";

interface Env {
  readonly DATABASE_URL: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
  readonly TRANSPORT: "auto" | "ws" | "http";
}

let db: Database | undefined;

function database({ DATABASE_URL, FETCH_ENDPOINT, WS_PROXY, TRANSPORT }: Env): Database {
  const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
  return (db ??= createDatabase(DATABASE_URL, {
    adapters: [neon(optionsFor({ neon: query, Client }, proxy, { transport: TRANSPORT }))],
    context: requestContext(),
    runtime: workers(),
    pool: { max: 20 },
  }));
}

const order = withSession(database, async (request: Request, env: Env, _ctx: unknown, session) => {
  const { searchParams } = new URL(request.url);
  const number = Number(searchParams.get("number"));
  await session.query("INSERT INTO goods VALUES ($1, $2)", [number, `goods ${number}`]);
  await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("pause") ?? 0)));
  if (searchParams.has("throw")) throw new Error("thrown by the handler");
  // Sessions of their own, beside the request's.
  await Promise.all(
    Array.from({ length: Number(searchParams.get("more") ?? 0) }, () =>
      database(env).session((other) => other.query("SELECT 1")),
    ),
  );
  return Response.json((await session.query("SELECT count(*) AS n FROM goods")).rows);
});

const worker = {
  async fetch(request: Request, env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === "/stats") return Response.json(database(env).stats());
      if (pathname === "/lone") return Response.json((await database(env).autocommit.query("SELECT 1 AS one")).rows);
      return await order(request, env, ctx);
    } catch (error) {
      return Response.json(isDbError(error) ? error.code : String(error), { status: 500 });
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
