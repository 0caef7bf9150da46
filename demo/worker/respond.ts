// Every request is a session; what it throws is rolled back, then told.

import { env } from "cloudflare:workers";
import { type ExecutionContext, withSession } from "../../src/integrations/workers/index.ts";
import { db } from "./database.ts";
import { preflight, refusal, secure } from "./http.ts";
import { findRoute, methodsAt } from "./routes.ts";
import { tally } from "./tally.ts";

export async function respond(request: Request, ctx: ExecutionContext): Promise<Response> {
  const { pathname } = new URL(request.url);
  const allow = methodsAt(pathname);
  const isPreflight = request.method === "OPTIONS" && allow !== "";
  // Who watches is not counted.
  const isWatcher = pathname === "/api/stats";
  const work = (): Promise<Response> => serve(request, ctx);
  const response = isPreflight ? preflight(allow) : await (isWatcher ? work() : tally.count(request, work));
  return secure(response, request, env.ALLOWED_ORIGIN);
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams: params } = new URL(request.url);
  const { route, id } = findRoute(request, pathname);
  return route.handle({ request, path: pathname, params, id });
}

// A list needs no transaction: its query is one flight, with nothing to commit behind it.
const read = withSession(db, answer, { transaction: false });
// On D1, and wherever transactions are serializable, one that loses a race is done again.
const write = withSession(db, answer, { retry: { retries: 5 } });

async function serve(request: Request, ctx: ExecutionContext): Promise<Response> {
  try {
    return await (request.method === "GET" ? read : write)(request, env, ctx);
  } catch (error) {
    return refusal(error, request);
  }
}
