// One database on each kind of engine, for what holds on all of them.

import { AsyncLocalStorage } from "node:async_hooks";
import { Client } from "pg";
import initSqlJs from "sql.js";
import { onTestFinished } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { postgres } from "../../src/adapters/pg/index.ts";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import {
  type AdapterFactory,
  asyncLocal,
  createDatabase,
  type Database,
  type DatabaseOptions,
} from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";

type Options = Partial<DatabaseOptions>;

function open(url: string, adapter: AdapterFactory, options?: Options): Database {
  const db = createDatabase(url, { adapters: [adapter], context: asyncLocal(AsyncLocalStorage), ...options });
  onTestFinished(() => db.dispose());
  return db;
}

/** By name; each ends with its test. */
export const engines: Readonly<Record<string, (options?: Options) => Promise<Database>>> = {
  "sql.js": async (options) => open("sqljs:memory", sqlJs({ sqlJs: await initSqlJs() }), options),
  libSQL: async (options) => {
    const server = await startLibsqlServer();
    onTestFinished(() => server.stop());
    return open(server.url, libsql(), options);
  },
  PostgreSQL: async (options) => {
    const server = await startNeonServer();
    onTestFinished(() => server.stop());
    return open(server.plainUrl, postgres({ Client }), options);
  },
};
