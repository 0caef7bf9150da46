// The Worker of worker-stories.ts: each library as it is documented for Workers. All but isopool open a client in each request.

import { AsyncLocalStorage } from "node:async_hooks";
import { neonConfig, Pool as NeonPool } from "@neondatabase/serverless";
import { env } from "cloudflare:workers";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import { Client, Pool } from "pg";
import { postgres } from "../../src/adapters/pg/index.ts";
import { createDatabase } from "../../src/index.ts";
import { requestContext, withSession, workers } from "../../src/integrations/workers/index.ts";

interface Env {
  readonly PLAIN_URL: string;
  readonly NEON_URL: string;
  readonly WS_PROXY: string;
}
interface Context {
  waitUntil(work: Promise<unknown>): void;
}
type Ask = (text: string) => Promise<unknown>;

const { PLAIN_URL, NEON_URL, WS_PROXY } = env as unknown as Env;
neonConfig.wsProxy = () => WS_PROXY;
neonConfig.useSecureWebSocket = false;
neonConfig.pipelineTLS = false;

/** The work of a request: an order, and then as long a pause as it asks for. */
async function order(request: Request, ask: Ask): Promise<Response> {
  const { searchParams } = new URL(request.url);
  await ask(`INSERT INTO goods VALUES (${Number(searchParams.get("number"))}, 'tea')`);
  await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("pause") ?? 0)));
  return new Response("ordered");
}

async function byHand(client: Client, work: (ask: Ask) => Promise<Response>): Promise<Response> {
  try {
    await client.query("BEGIN");
    const response = await work((text) => client.query(text));
    await client.query("COMMIT");
    return response;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

const db = createDatabase(PLAIN_URL, {
  adapters: [postgres({ Client })],
  context: requestContext(AsyncLocalStorage),
  runtime: workers(),
});
const handler: { fetch(request: Request, env: unknown, context: Context): Promise<Response> } = {
  fetch: (request) => order(request, (text) => db.query(text)),
};
const { fetch: isopool } = withSession(db, handler);

type Handler = (request: Request, context: Context) => Promise<Response>;
const handlers: Readonly<Record<string, Handler>> = {
  isopool: (request, context) => isopool(request, undefined, context),
  pg: async (request, context) => {
    const client = new Client({ connectionString: PLAIN_URL });
    await client.connect();
    try {
      return await byHand(client, (ask) => order(request, ask));
    } finally {
      context.waitUntil(client.end());
    }
  },
  "Neon driver": async (request, context) => {
    const pool = new NeonPool({ connectionString: NEON_URL });
    const client = await pool.connect();
    try {
      return await byHand(client as unknown as Client, (ask) => order(request, ask));
    } finally {
      client.release();
      context.waitUntil(pool.end());
    }
  },
  Drizzle: async (request, context) => {
    const client = new Client({ connectionString: PLAIN_URL });
    await client.connect();
    try {
      return await drizzle({ client }).transaction((tx) => order(request, (text) => tx.execute(drizzleSql.raw(text))));
    } finally {
      context.waitUntil(client.end());
    }
  },
  Kysely: async (request, context) => {
    const kysely = new Kysely<object>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: PLAIN_URL }) }),
    });
    try {
      return await kysely.transaction().execute((trx) => order(request, (text) => kyselySql.raw(text).execute(trx)));
    } finally {
      context.waitUntil(kysely.destroy());
    }
  },
};

const worker = {
  async fetch(request: Request, _: unknown, context: Context): Promise<Response> {
    const library = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      return await handlers[library]!(request, context);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
