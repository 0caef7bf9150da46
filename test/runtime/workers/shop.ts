// The Worker of the tests: one database at module level, and a route for each thing a handler may do.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database, isDbError, type PoolOptions, type Session } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";

export interface Env {
  readonly DATABASE_URL: string;
  /** Options of the pool, as JSON. */
  readonly POOL: string;
}

export interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

type Route = (session: Session, params: URLSearchParams, request: Request) => Promise<Response>;

const events: string[] = [];
const released = new Set<number>();
let db: Database | undefined;

function database({ DATABASE_URL, POOL }: Env): Database {
  return (db ??= createDatabase(DATABASE_URL, {
    adapters: [libsql()],
    context: requestContext(),
    runtime: workers(),
    pool: { acquireTimeoutMs: 120_000, ...(JSON.parse(POOL) as PoolOptions) },
  }));
}

/** Nobody keeps this request alive when its client leaves: what a Worker does without `withSession()`. */
async function careless(env: Env, params: URLSearchParams): Promise<Response> {
  try {
    const rows = await database(env).session(async (session) => {
      events.push(`began ${params.get("id")}`);
      if (params.has("insert")) {
        await session.query("INSERT INTO goods (id, name) VALUES (?, 'careless')", [Number(params.get("id"))]);
        events.push(`inserted ${params.get("id")}`);
      }
      await pause(Number(params.get("pause") ?? 0));
      return (await session.query("SELECT 1 AS one")).rows;
    });
    return Response.json(rows);
  } catch (error) {
    return Response.json(isDbError(error) ? error.code : String(error), { status: 500 });
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the test lets go; by timers of its own, as requests must. */
async function letGo(id: number): Promise<void> {
  while (!released.has(id)) await pause(5);
}

const routes: Record<string, Route> = {
  "/query": async (session) => Response.json((await session.query("SELECT 1 AS one")).rows),
  "/names": async (session) => Response.json((await session.sql`SELECT id FROM goods ORDER BY id`.values()).flat()),
  "/rows": async (session, params) => {
    await session.query("INSERT INTO goods (id, name) VALUES (1, 'streamed')");
    if (params.has("wait")) events.push("waits");
    if (params.has("wait")) await letGo(1);
    if (params.has("orphan")) await session.query("INSERT INTO orphan (parent) VALUES (99)");
    const encoder = new TextEncoder();
    const count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT n FROM c";
    const stream = session.stream<{ n: number }>(count, { batchSize: 50 });
    const rows = stream[Symbol.asyncIterator]();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await rows.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value.n}${params.has("slow") ? ".".repeat(100_000) : ""} `));
      },
      async cancel() {
        events.push("cancelled");
        await rows.return?.();
      },
    });
    return new Response(body);
  },
  "/order": async (session, params) => {
    const id = Number(params.get("id"));
    try {
      events.push(`began ${id}`);
      await session.query("INSERT INTO goods (id, name) VALUES (?, ?)", [id, `goods ${id}`]);
      await pause(Number(params.get("pause") ?? 0));
      if (params.has("hold")) await letGo(id);
      const { rows } = await session.query("SELECT name FROM goods WHERE id = ?", [id]);
      if (params.has("throw")) throw new Error("thrown by the handler");
      return Response.json(rows, { status: Number(params.get("status") ?? 200) });
    } finally {
      events.push(`finally ${id}`);
    }
  },
};

const answer = (request: Request, _env: Env, _ctx: Context, session: Session): Promise<Response> => {
  const { pathname, searchParams } = new URL(request.url);
  return routes[pathname]!(session, searchParams, request);
};
const handle = withSession(database, answer);
const keep = withSession(database, answer, { keepUntilStreamEnds: true });
const read = withSession(database, answer, { transaction: false });

const worker = {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/stats":
        return Response.json(database(env).stats());
      case "/careless":
        return careless(env, searchParams);
      case "/let-go":
        released.add(Number(searchParams.get("id")));
        return new Response();
      case "/events":
        return Response.json(events.splice(0));
      case "/query":
      case "/names":
        return read(request, env, ctx);
      case "/rows":
        return searchParams.has("keep") ? keep(request, env, ctx) : handle(request, env, ctx);
      case "/dispose":
        await database(env).dispose();
        return new Response();
      default:
        return handle(request, env, ctx);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
