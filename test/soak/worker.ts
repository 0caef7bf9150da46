// The Worker of workerd.ts: two databases at module level, and requests of all kinds.

import { Client, neon as query } from "@neondatabase/serverless";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { neon } from "../../src/adapters/neon/index.ts";
import { createDatabase, type Database, type Session } from "../../src/index.ts";
import { requestContext, withSession, workers } from "../../src/integrations/workers/index.ts";
import { optionsFor } from "../adapters/neon/target.ts";

interface Env {
  readonly LIBSQL: string;
  readonly NEON: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
}

type Name = "libsql" | "neon";

const databases: Partial<Record<Name, Database>> = {};

function database(name: Name, { LIBSQL, NEON, FETCH_ENDPOINT, WS_PROXY }: Env): Database {
  const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
  const adapter = name === "libsql" ? libsql() : neon(optionsFor({ neon: query, Client }, proxy));
  const options = { adapters: [adapter], context: requestContext(), runtime: workers(), pool: { max: 8 } };
  return (databases[name] ??= createDatabase(name === "libsql" ? LIBSQL : NEON, options));
}

async function work(request: Request, session: Session): Promise<Response> {
  const { searchParams } = new URL(request.url);
  await session.query("SELECT 1");
  if (searchParams.has("pause")) await new Promise((resolve) => setTimeout(resolve, 50));
  if (searchParams.has("throw")) throw new Error("thrown by the handler");
  await session.transaction((inner) => inner.query("SELECT 2"), { propagation: "nested" });
  return new Response("done");
}

const handlers = {
  libsql: withSession(
    (env: Env) => database("libsql", env),
    (request: Request, _env: Env, _ctx: unknown, session) => work(request, session),
  ),
  neon: withSession(
    (env: Env) => database("neon", env),
    (request: Request, _env: Env, _ctx: unknown, session) => work(request, session),
  ),
};

/** Listeners that nobody takes away. */
const kept: (() => unknown)[] = [];

/** A mistake that is to be found. */
const mistake = withSession(
  (env: Env) => database("neon", env),
  async (request: Request, env: Env) => {
    const plant = new URL(request.url).search.slice(1);
    if (plant === "listener") {
      const rows = Array.from({ length: 50_000 }, () => ({ n: Math.random() }));
      kept.push(() => rows);
      return new Response("kept");
    }
    const session = database("neon", env).open();
    await session.query("SELECT 1");
    if (plant === "connection") {
      await session.commit();
      session.detach();
    }
    return new Response("forgotten");
  },
);

const worker = {
  async fetch(request: Request, env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "stats") return Response.json(Object.values(databases).map((db) => db.stats()));
    // oxlint-disable-next-line typescript/no-explicit-any -- v8Flags of the config: there for this test alone.
    if (name === "collect") (globalThis as any).gc?.();
    if (name === "collect") return new Response("");
    if (name === "mistake") return mistake(request, env, ctx);
    return handlers[name as Name](request, env, ctx).catch(() => new Response("failed", { status: 500 }));
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
