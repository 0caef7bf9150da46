// A Worker whose handlers lose a race, once or more: Hono, and a handler of its own.

import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context, Env } from "./shop.ts";

let db: Database | undefined;

function database({ DATABASE_URL }: Env): Database {
  const options = { adapters: [libsql()], context: requestContext(), runtime: workers() };
  return (db ??= createDatabase(DATABASE_URL, options));
}

/** Loses a race as transactions do that read first: somebody else has written before they write. */
async function loseRace(database: Database): Promise<void> {
  await database.session(async (session) => {
    await session.query("SELECT count(*) FROM goods");
    await database.autocommit.query("INSERT INTO orphan VALUES (NULL)");
    await session.query("DELETE FROM orphan");
  });
}

const seen: unknown[] = [];
const wait = new Map<string, number>();

/** What an attempt read, and did besides its session. */
async function attempt(request: Request, env: Env, ctx: Context): Promise<void> {
  const { searchParams } = new URL(request.url);
  const id = searchParams.get("id")!;
  const isRead = !searchParams.has("unread");
  const body = isRead ? await request.text() : "";
  const session = database(env).of(request);
  const attempts = (wait.get(id) ?? 0) + 1;
  wait.set(id, attempts);
  seen.push([id, body.slice(0, 20), body.length, request.method, request.headers.get("x-own"), session !== undefined]);
  ctx.waitUntil(Promise.resolve().then(() => seen.push([id, "behind"])));
  await session!.query("INSERT INTO goods (id, name) VALUES (?, ?)", [
    Number(id) * 10 + attempts,
    `attempt ${id} ${attempts}`,
  ]);
  if (attempts <= Number(searchParams.get("loses"))) {
    // The lock is given back for the race, and with it what was written.
    await session!.rollback();
    await loseRace(database(env));
  }
}

const app = new Hono<{ Bindings: Env }>();
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  return c.text(`answered by the framework: ${error.message}`, 418);
});
app.all("/hono/order", async (c) => {
  await attempt(c.req.raw, c.env, c.executionCtx);
  return c.text("done");
});
app.get("/hono/refuse", async (c) => {
  const id = Number(c.req.query("id"));
  await database(c.env).of(c.req.raw)!.query("INSERT INTO goods (id, name) VALUES (?, ?)", [id, "refused"]);
  if (c.req.query("how") === "throw") throw new HTTPException(404, { message: "no such thing" });
  return c.text("not found", 404);
});

const ownHandler = withSession(
  database,
  async (request: Request, env: Env, ctx: Context) => {
    await attempt(request, env, ctx);
    return new Response("done");
  },
  { retry: { retries: 3, delayMs: 1 } },
);
const hono = withSession(database, app, { retry: { retries: 3, delayMs: 1 } });

const worker = {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/stats":
        return Response.json(database(env).stats());
      case "/seen":
        return Response.json(seen.splice(0));
      case "/names":
        return Response.json((await database(env).autocommit.sql`SELECT id FROM goods ORDER BY id`.values()).flat());
      case "/dispose":
        await database(env).dispose();
        return new Response();
      case "/order":
        try {
          return await ownHandler(request, env, ctx);
        } catch (error) {
          return new Response(String(error), { status: 503 });
        }
      default:
        return (hono as unknown as typeof worker).fetch(request, env, ctx);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
