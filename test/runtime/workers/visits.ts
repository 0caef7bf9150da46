// What both Workers of the context test do: each request asks in steps for its own number, and others come in between.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { type ContextProvider, createDatabase, type Database, isDbError } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context, Env } from "./shop.ts";

/** How a part of the program finds the session. */
export type Find = (db: Database, request: Request, ctx: Context) => Database | ReturnType<Database["of"]>;

export function visits(context: ContextProvider, finds: readonly Find[]): object {
  let db: Database | undefined;
  const database = ({ DATABASE_URL }: Env): Database =>
    (db ??= createDatabase(DATABASE_URL, {
      adapters: [libsql()],
      context,
      runtime: workers(),
      pool: { max: 10, acquireTimeoutMs: 120_000 },
    }));
  const handle = withSession(database, async (request: Request, env: Env, ctx: Context, session) => {
    const id = Number(new URL(request.url).searchParams.get("id"));
    const found = new Set<unknown>();
    for (const find of [...finds, ...finds]) {
      await new Promise((resolve) => setTimeout(resolve, id % 7));
      const { rows } = await find(database(env), request, ctx)!.query("SELECT ? AS id", [id]);
      found.add(rows[0]?.["id"]);
      await new Promise((resolve) => setTimeout(resolve, id % 5));
      const here = find(database(env), request, ctx);
      found.add((here === database(env) ? database(env).current() : here) === session);
    }
    return Response.json([...found]);
  });
  const outside = async (env: Env): Promise<unknown> => {
    try {
      return await database(env).sql`SELECT 7 AS seven`;
    } catch (error) {
      return isDbError(error) ? error.code : String(error);
    }
  };
  const fetch = async (request: Request, env: Env, ctx: Context): Promise<Response> => {
    switch (new URL(request.url).pathname) {
      case "/stats":
        return Response.json(database(env).stats());
      case "/dispose":
        await database(env).dispose();
        return new Response();
      case "/outside":
        return Response.json(await outside(env));
      default:
        return handle(request, env, ctx);
    }
  };
  return { fetch };
}
