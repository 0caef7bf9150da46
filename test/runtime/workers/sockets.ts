// A Worker, and a Durable Object in it, that share a module-level database on sockets.

import { waitUntil } from "cloudflare:workers";
import { createDatabase, type Database, type PoolOptions, type Session } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import { sockets } from "./socket-adapter.ts";
import type { Context } from "./shop.ts";

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

interface Env {
  readonly SOCKETS_URL: string;
  readonly POOL: string;
  /** The platform's own `waitUntil` is handed to the runtime. */
  readonly KEPT?: string;
  readonly Host: Namespace;
}

let db: Database | undefined;

function database({ SOCKETS_URL, POOL, KEPT }: Env): Database {
  const pool = JSON.parse(POOL) as PoolOptions;
  const runtime = workers(KEPT ? { waitUntil } : { warn: false });
  return (db ??= createDatabase(SOCKETS_URL, { adapters: [sockets()], runtime, pool }));
}

const number = async (session: Session): Promise<unknown> => (await session.query("which")).rows[0]?.["socket"];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const handle = withSession(database, async (request: Request, env: Env, _ctx: Context, session) => {
  const { pathname, searchParams } = new URL(request.url);
  const first = await number(session);
  if (pathname === "/one") return Response.json([first]);
  if (pathname === "/pause") {
    await pause(Number(searchParams.get("ms")));
    return Response.json([first, await number(session)]);
  }
  // Sessions beside the request's own, one after another or all at once.
  const count = Number(searchParams.get("count"));
  const more: unknown[] = [];
  const one = async (): Promise<void> => void more.push(await database(env).session(number));
  if (pathname === "/in-a-row") for (let i = 0; i < count; i++) await one();
  else await Promise.all(Array.from({ length: count }, one));
  return Response.json([first, ...more]);
});

/** Needs no configuration: its requests share one I/O context. */
export class Host {
  readonly #env: Env;

  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }

  async fetch(): Promise<Response> {
    return Response.json([await database(this.#env).session(number)]);
  }
}

const worker = {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/stats") return Response.json(database(env).stats());
    if (pathname.startsWith("/object/")) return env.Host.get(env.Host.idFromName(pathname)).fetch(request);
    // What a Worker does without `withSession()`.
    if (pathname === "/careless") {
      const numbers: unknown[] = [];
      const count = Number(searchParams.get("count") ?? 1);
      while (numbers.length < count) numbers.push(await database(env).session(number));
      return Response.json(numbers);
    }
    return handle(request, env, ctx);
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
