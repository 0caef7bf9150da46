// PostgreSQL as each library's documentation uses it.

import { AsyncLocalStorage } from "node:async_hooks";
import { neonConfig, Pool as NeonPool } from "@neondatabase/serverless";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import { Client, Pool } from "pg";
import { WebSocket } from "ws";
import { postgres } from "../../src/adapters/pg/index.ts";
import { asyncLocal, createDatabase } from "../../src/index.ts";
import type { RunningServer } from "../servers/neon/server.ts";
import type { Library } from "./story.ts";

export type Rows = readonly Record<string, unknown>[];
export type Ask = (text: string) => Promise<Rows>;

/** One object of a library, as a module of an application holds it. */
export interface Opened {
  /** A statement by itself. */
  readonly ask: Ask;
  /** A transaction, by the library's own way or, where it has none, by the one that its documentation prints. */
  transaction<T>(work: (ask: Ask) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

export interface OpenOptions {
  /** Default: the library's. */
  readonly max?: number;
  readonly url?: string;
  /** Asked for the password of each new connection. */
  readonly password?: () => string;
  /** Whose work it is: the setting `app.tenant`. */
  readonly tenant?: string;
}

type Open = (server: RunningServer, options?: OpenOptions) => Opened;

/** What the documentation of `pg` and of Neon's driver prints for a transaction, word for word. */
function byHand(pool: Pool): Opened {
  return {
    ask: async (text) => (await pool.query(text)).rows as Rows,
    transaction: async (work) => {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const result = await work(async (text) => (await client.query(text)).rows as Rows);
        await client.query("COMMIT");
        return result;
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

/** A pool of `pg`; its documentation has a listener for errors of idle clients, and the event for settings. */
function pgPool(server: RunningServer, { max, url, password, tenant }: OpenOptions): Pool {
  const { hostname: host, port, username: user, pathname } = new URL(url ?? server.plainUrl);
  // A connection string would have the last word over the function that its documentation has for a password.
  const place = password
    ? { host, port: Number(port), user, database: pathname.slice(1), password: async () => password() }
    : { connectionString: url ?? server.plainUrl };
  const pool = new Pool({ ...place, ...(max !== undefined && { max }) });
  pool.on("error", () => undefined);
  if (tenant !== undefined) pool.on("connect", (client) => void client.query(`SET app.tenant = '${tenant}'`));
  return pool;
}

export const openPostgres: Readonly<Partial<Record<Library, Open>>> = {
  isopool: (server, { max, url, password, tenant } = {}) => {
    const given = url ?? server.plainUrl;
    const withPassword = (): string => {
      const full = new URL(given);
      full.password = password!();
      return full.href;
    };
    const db = createDatabase(password ? withPassword : given, {
      adapters: [postgres({ Client })],
      context: asyncLocal(AsyncLocalStorage),
      ...(max !== undefined && { pool: { max } }),
      ...(tenant !== undefined && { defaults: { settings: { "app.tenant": tenant } } }),
    });
    return {
      ask: async (text) => (await db.query(text)).rows,
      transaction: (work) => db.session((session) => work(async (text) => (await session.query(text)).rows)),
      end: () => db.dispose(),
    };
  },
  Drizzle: (server, { tenant, ...options } = {}) => {
    const pool = pgPool(server, options);
    const db = drizzle({ client: pool });
    return {
      ask: async (text) => (await db.execute(drizzleSql.raw(text))).rows,
      transaction: (work) =>
        db.transaction(async (tx) => {
          // Its page on row-level security sets what is of the user in each transaction, locally.
          if (tenant !== undefined) await tx.execute(drizzleSql`select set_config('app.tenant', ${tenant}, true)`);
          return work(async (text) => (await tx.execute(drizzleSql.raw(text))).rows);
        }),
      end: () => pool.end(),
    };
  },
  Kysely: (server, options = {}) => {
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: pgPool(server, options) }) });
    const run = async (on: Kysely<object>, text: string): Promise<Rows> =>
      (await kyselySql.raw<Record<string, unknown>>(text).execute(on)).rows;
    return {
      ask: (text) => run(db, text),
      transaction: (work) => db.transaction().execute((trx) => work((text) => run(trx, text))),
      end: () => db.destroy(),
    };
  },
  "Neon driver": (server, { max, url, password, tenant } = {}) => {
    neonConfig.webSocketConstructor = WebSocket;
    neonConfig.wsProxy = () => server.wsProxy;
    neonConfig.useSecureWebSocket = false;
    neonConfig.pipelineTLS = false;
    const pool = new NeonPool({
      connectionString: url ?? server.url,
      ...(max !== undefined && { max }),
      ...(password && { password: async () => password() }),
    }) as unknown as Pool;
    pool.on("error", () => undefined);
    if (tenant !== undefined) pool.on("connect", (client) => void client.query(`SET app.tenant = '${tenant}'`));
    return byHand(pool);
  },
  pg: (server, options = {}) => byHand(pgPool(server, options)),
};
