// The Worker of workers.test.ts: one database at module level, reached directly and through Hyperdrive.

import { env, waitUntil } from "cloudflare:workers";
import { Client } from "pg";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { createDatabase, type Database, isDbError, type SessionOptions } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";

interface Env {
  readonly DATABASE_URL: string;
  /** `"hyperdrive"`, or nothing. */
  readonly THROUGH: string;
  readonly DB: { readonly connectionString: string };
}

const here = env as unknown as Env;
const db: Database = createDatabase(() => (here.THROUGH ? here.DB.connectionString : here.DATABASE_URL), {
  adapters: [postgres({ Client })],
  context: requestContext(),
  runtime: workers({ waitUntil }),
  pool: { max: 20 },
});

const order = withSession(db, async (request: Request, _env: unknown, _ctx: unknown, session) => {
  const { searchParams } = new URL(request.url);
  const number = Number(searchParams.get("number"));
  await session.query("INSERT INTO goods VALUES ($1, $2)", [number, `goods ${number}`]);
  await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("pause") ?? 0)));
  if (searchParams.has("throw")) throw new Error("thrown by the handler");
  // Sessions of their own, beside the request's.
  await Promise.all(
    Array.from({ length: Number(searchParams.get("more") ?? 0) }, () => db.session((other) => other.query("SELECT 1"))),
  );
  return Response.json((await session.query("SELECT count(*) AS n FROM goods")).rows);
});

/** Three reads of what a tenant sees, in a transaction and each alone. */
async function tenant(name: string): Promise<unknown> {
  const options: SessionOptions = { settings: { "app.tenant": name } };
  const look = "SELECT current_setting('app.tenant', true) AS tenant, pg_backend_pid() AS pid";
  const read = (each: SessionOptions): Promise<unknown> =>
    db.session((session) => Promise.all([1, 2, 3].map(async () => (await session.query(look)).rows)), each);
  return [await read(options), await read({ ...options, transaction: false })];
}

/** What cannot be had of a session that others have in between. */
async function refused(): Promise<unknown> {
  const messageOf = async (text: string, transaction: boolean): Promise<unknown> =>
    db
      .session((session) => session.query(text), { transaction })
      .then(
        () => "done",
        (error: Error) => error.message,
      );
  const inside = ["LISTEN news", "PREPARE p AS SELECT 1", "CREATE TEMP TABLE t (n int)", "SELECT pg_advisory_lock(1)"];
  return Promise.all([messageOf("SET search_path = 'x'", false), ...inside.map((text) => messageOf(text, true))]);
}

const routes: Record<string, (search: URLSearchParams) => Promise<unknown>> = {
  "/tenant": (search) => tenant(search.get("name")!),
  "/refused": refused,
  "/lone": async () => (await db.autocommit.query("SELECT $1::int AS one", [1])).rows,
  "/large": async (search) => {
    let count = 0;
    const text = `SELECT n, repeat('x', 100) AS x FROM generate_series(1, ${Number(search.get("rows"))}) AS rows (n)`;
    await db.session(async (session) => {
      for await (const _ of session.stream(text)) count++;
    });
    return count;
  },
  "/late": async () =>
    db.autocommit.query("SELECT pg_sleep(600)", [], { timeoutMs: 50 }).catch((error: { code: string }) => error.code),
  "/stats": async () => db.stats(),
};

const worker = {
  async fetch(request: Request, given: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    try {
      const route = routes[pathname];
      return route ? Response.json(await route(searchParams)) : await order(request, given, ctx);
    } catch (error) {
      return Response.json(isDbError(error) ? `${error.code}: ${error.message}` : String(error), { status: 500 });
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
