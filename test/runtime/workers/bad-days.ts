// A Worker for the days on which something goes wrong: one database, and a route for each thing that does.

import { AsyncLocalStorage } from "node:async_hooks";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database, isDbError, type PoolOptions, type Session } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context, Env } from "./shop.ts";

/** How many requests the platform lets an event send; workerd itself counts none. */
const limits = new AsyncLocalStorage<{ left: number }>();
const REFUSAL =
  "Too many subrequests by single Worker invocation. To configure this limit, refer to https://developers.cloudflare.com/workers/wrangler/configuration/#limits";

const limited: typeof fetch = (...args) => {
  const limit = limits.getStore();
  if (limit && --limit.left < 0) return Promise.reject(new Error(REFUSAL));
  return fetch(...args);
};

// The isolate's clock, which a test sets forward.
let aheadMs = 0;
const { now } = Date;
Date.now = () => now.call(Date) + aheadMs;

const events: string[] = [];
let db: Database | undefined;

function database({ DATABASE_URL, POOL }: Env): Database {
  const pool = JSON.parse(POOL) as PoolOptions;
  return (db ??= createDatabase(DATABASE_URL, {
    adapters: [libsql({ fetch: limited })],
    runtime: workers({ warn: false }),
    pool,
  }));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const add = (session: Session, id: unknown): Promise<unknown> =>
  session.query("INSERT INTO goods (id, name) VALUES (?, ?)", [Number(id), `goods ${String(id)}`]);

type Route = (session: Session, params: URLSearchParams, env: Env) => Promise<Response>;

const routes: Record<string, Route> = {
  // As many connections as it has sessions at once; they are idle when it is done.
  "/warm": async (_, params, env) => {
    let there = 0;
    const count = Number(params.get("count"));
    const meet = async (session: Session): Promise<void> => {
      await session.query("SELECT 1");
      for (there++; there < count;) await pause(1);
    };
    await Promise.all(Array.from({ length: count }, () => database(env).session(meet, { transaction: false })));
    return new Response("warm");
  },
  "/order": async (session, params) => {
    await add(session, params.get("id"));
    await session.query("SELECT 1");
    return new Response("done");
  },
  // It settles when it is let go, and does nothing until then.
  "/hang": async (session, params) => {
    await add(session, params.get("id"));
    while (!events.includes("let go")) await pause(20);
    return new Response("done");
  },
  // It goes on with its transaction for as long as it is let.
  "/work": async (session, params) => {
    await add(session, params.get("id"));
    for (const end = Number(params.get("count")), pauses = { done: 0 }; pauses.done < end; pauses.done++) {
      await pause(20);
      await session.query("SELECT 1");
    }
    return new Response("done");
  },
  // Reads rows in the handler.
  "/read": async (session, params) => {
    if (!params.has("lone")) await add(session, 1);
    const count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)";
    for await (const { n } of session.stream<{ n: number }>(`${count} SELECT n, zeroblob(1000) FROM c`)) {
      if (n === 50) events.push("reads");
      if (n % 10 === 0) await pause(Number(params.get("ms")));
    }
    return new Response("read to its end");
  },
  "/rows": async (session, params) => {
    if (!params.has("lone")) await add(session, 1);
    const count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT n FROM c";
    const rows = session.stream<{ n: number }>(count, { batchSize: 50 })[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    return new Response(
      new ReadableStream({
        async pull(controller) {
          const { done, value } = await rows.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(`${value.n}${".".repeat(100_000)} `));
        },
        async cancel() {
          await rows.return?.();
        },
      }),
    );
  },
};

const answer = async (request: Request, env: Env, _ctx: Context, session: Session): Promise<Response> => {
  const { pathname, searchParams } = new URL(request.url);
  return routes[pathname]!(session, searchParams, env);
};
const handle = withSession(database, answer);
const lone = withSession(database, answer, { transaction: false });
const keep = withSession(database, answer, { keepUntilStreamEnds: true });
const keepLone = withSession(database, answer, { keepUntilStreamEnds: true, transaction: false });

async function told(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    const shown = isDbError(error) ? [error.code, error.message, error.outcome, error.retryable] : [String(error)];
    return Response.json(shown, { status: 500 });
  }
}

const worker = {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/stats":
        return Response.json(database(env).stats());
      case "/let-go":
        events.push("let go");
        return new Response();
      case "/events":
        return Response.json(events);
      case "/names":
        return Response.json((await database(env).autocommit.query("SELECT id FROM goods")).rows.map(({ id }) => id));
      case "/later":
        aheadMs += Number(searchParams.get("ms"));
        return new Response();
      case "/dispose":
        await database(env).dispose({ timeoutMs: 1_000 });
        return new Response();
      case "/rows":
        return (searchParams.has("lone") ? keepLone : keep)(request, env, ctx);
      default: {
        const left = Number(searchParams.get("subrequests") ?? Infinity);
        const run = searchParams.has("lone") || pathname === "/warm" ? lone : handle;
        return limits.run({ left }, () => told(() => run(request, env, ctx)));
      }
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
