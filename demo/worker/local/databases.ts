// The databases that the Worker can run on: each a server of this machine, with the shop in it.

import { Client, neon as query } from "@neondatabase/serverless";
import { WebSocket } from "ws";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { type AdapterFactory, createDatabase } from "../../../src/index.ts";
import { type RunningServer as LibsqlServer, startLibsqlServer } from "../../../test/servers/libsql/libsql-server.ts";
import { type RunningServer as NeonServer, startNeonServer } from "../../../test/servers/neon/server.ts";
import { seed } from "./seed.ts";

export interface LocalDatabase<Server = unknown> {
  readonly server: Server;
  /** What the Worker is told; nothing else tells it one database from another. */
  readonly url: string;
  /** Further variables. */
  readonly bindings?: Readonly<Record<string, string>>;
  stop(): Promise<unknown>;
}

/** libSQL. @param latencyMs - added to each round trip. */
export async function localLibsql(latencyMs: number): Promise<LocalDatabase<LibsqlServer>> {
  const server = await startLibsqlServer({ latencyMs });
  const { url } = server;
  return filled({ server, url, stop: () => server.stop() }, libsql(), "sqlite");
}

/** PostgreSQL, behind a proxy like Neon's. @param latencyMs - added to each round trip: half of it each way. */
export async function localNeon(latencyMs: number): Promise<LocalDatabase<NeonServer>> {
  const server = await startNeonServer({ delayMs: latencyMs / 2 });
  const { user, password, name } = server.database;
  const url = `postgresql://${user}:${password}@127.0.0.1:${server.port}/${name}`;
  const neonConfig = {
    wsProxy: () => server.wsProxy,
    useSecureWebSocket: false,
    webSocketConstructor: WebSocket,
  };
  const adapter = neon({ neon: query, Client, neonConfig, transport: "ws" });
  return filled({ server, url, stop: () => server.stop() }, adapter, "postgres");
}

/** The same, whose connections a Durable Object of the Worker has. */
export async function localHosted(latencyMs: number): Promise<LocalDatabase<NeonServer>> {
  const { url, ...database } = await localNeon(latencyMs);
  return { ...database, url: "hosted://shop", bindings: { POOL_URL: url } };
}

async function filled<Server>(
  database: LocalDatabase<Server>,
  adapter: AdapterFactory,
  dialect: Parameters<typeof seed>[1],
): Promise<LocalDatabase<Server>> {
  const db = createDatabase(database.url, { adapters: [adapter] });
  try {
    await seed(db, dialect);
    return database;
  } catch (error) {
    await database.stop();
    throw error;
  } finally {
    await db.dispose();
  }
}
