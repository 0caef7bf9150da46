// The same work through Drizzle 0.45 and 1.0: round trips over isopool and over Drizzle's own driver, counted at the server, and
// median times, 20 ms away from it; in turns, in one run. Never more round trips than with its own driver.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client/http";
import { Client, neon as neonQuery, neonConfig, Pool } from "@neondatabase/serverless";
import * as libsql45 from "drizzle-orm/libsql";
import * as neon45 from "drizzle-orm/neon-serverless";
import * as pg45 from "drizzle-orm/pg-core";
import * as sqlite45 from "drizzle-orm/sqlite-core";
import * as libsql1 from "drizzle-orm-1/libsql";
import * as neon1 from "drizzle-orm-1/neon-serverless";
import * as pg1 from "drizzle-orm-1/pg-core";
import * as sqlite1 from "drizzle-orm-1/sqlite-core";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { libsql } from "../../dist/adapters/libsql/index.js";
import { neon } from "../../dist/adapters/neon/index.js";
import { asyncLocal, createDatabase } from "../../dist/index.js";
import * as over45 from "../../dist/integrations/drizzle/index.js";
import "./newer.mjs";

const LATENCY_MS = 40;
const ROUNDS = 5;
/** Of each version: its own drivers, isopool's, and its kinds of columns. */
const VERSIONS = {
  "Drizzle 0.45": { libsql: libsql45, neon: neon45, pg: pg45, sqlite: sqlite45, over: over45 },
  "Drizzle 1.0": {
    libsql: libsql1,
    neon: neon1,
    pg: pg1,
    sqlite: sqlite1,
    over: await import("../../dist/integrations/drizzle/v1/index.js?newer"),
  },
};

function sqliteItem({ sqlite: { integer, sqliteTable, text } }) {
  return sqliteTable("item", { id: integer().primaryKey(), name: text() });
}

function pgItem({ pg: { pgTable, serial, text } }) {
  return pgTable("item", { id: serial().primaryKey(), name: text() });
}

const insertsIn = (tx, table) => [1, 2, 3].map(() => tx.insert(table).values({ name: "new" }));

/** What is done with each, on its table. */
const WORK = {
  "a select": (orm, table) => orm.select().from(table).limit(1),
  "a transaction of three, one by one": (orm, table) =>
    orm.transaction(async (tx) => {
      for (const insert of insertsIn(tx, table)) await insert;
    }),
  "a transaction of three at once": (orm, table) => orm.transaction((tx) => Promise.all(insertsIn(tx, table))),
  "a transaction with a nested one": (orm, table) =>
    orm.transaction(async (tx) => {
      await tx.insert(table).values({ name: "new" });
      await tx.transaction((inner) => Promise.all(insertsIn(inner, table)));
    }),
};

/** @returns rows for `npm run bench`. */
async function drizzleBench() {
  const { module: libsqlServer } = await runnerImport(
    new URL("../servers/libsql/libsql-server.ts", import.meta.url).pathname,
  );
  const { module: neonServer } = await runnerImport(new URL("../servers/neon/server.ts", import.meta.url).pathname);
  return [...(await onLibsql(libsqlServer)), ...(await onNeon(neonServer))];
}

export default drizzleBench;

async function onLibsql({ startLibsqlServer }) {
  const server = await startLibsqlServer({ latencyMs: LATENCY_MS });
  const db = createDatabase(server.url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
  const client = createClient({ url: server.url });
  try {
    await db.query("create table item (id integer primary key, name text)");
    const count = async () => {
      const { length } = await server.requests();
      await server.forgetRequests();
      return length;
    };
    const rows = [];
    for (const [name, version] of Object.entries(VERSIONS)) {
      const { libsql: own, over } = version;
      const peers = [over.drizzleSqlite(db), own.drizzle({ client })];
      rows.push(...(await compare(`${name} on libSQL`, sqliteItem(version), ...peers, count)));
    }
    return rows;
  } finally {
    client.close();
    await db.dispose();
    await server.stop();
  }
}

async function onNeon({ startNeonServer }) {
  const server = await startNeonServer({ latencyMs: LATENCY_MS });
  const { fetchEndpoint, wsProxy } = server;
  const settings = {
    fetchEndpoint: () => fetchEndpoint,
    wsProxy: () => wsProxy,
    useSecureWebSocket: false,
    webSocketConstructor: WebSocket,
  };
  Object.assign(neonConfig, settings);
  const db = createDatabase(server.url, {
    adapters: [neon({ neon: neonQuery, Client, neonConfig: settings })],
    context: asyncLocal(AsyncLocalStorage),
  });
  const pool = new Pool({ connectionString: server.url, max: 1 });
  try {
    await server.query("create table item (id serial primary key, name text)");
    const count = async () => {
      const { flights } = await server.counts();
      await server.forgetRequests();
      return flights;
    };
    const rows = [];
    for (const [name, version] of Object.entries(VERSIONS)) {
      const { neon: own, over } = version;
      const peers = [over.drizzlePostgres(db), own.drizzle({ client: pool })];
      rows.push(...(await compare(`${name} on Neon`, pgItem(version), ...peers, count)));
    }
    return rows;
  } finally {
    await pool.end();
    await db.dispose();
    await server.stop();
  }
}

async function compare(place, table, ours, own, count) {
  const rows = [];
  // Connected, and with a socket where one is needed.
  for (const orm of [ours, own]) await orm.transaction((tx) => tx.select().from(table));
  for (const [what, work] of Object.entries(WORK)) {
    const peers = [
      { of: "its own driver", orm: own, times: [], trips: 0 },
      { of: "isopool", orm: ours, times: [], trips: 0 },
    ];
    for (let round = 0; round < ROUNDS; round++)
      for (const peer of peers) {
        await count();
        const start = performance.now();
        await work(peer.orm, table);
        peer.times.push(performance.now() - start);
        peer.trips = await count();
      }
    const [its, mine] = peers;
    for (const { of, times, trips } of peers) {
      const isMine = of === mine.of;
      rows.push({
        name: `${place}: ${what}: ${of}`,
        value: trips,
        unit: "round trips",
        ratio: median(times) / median(its.times),
        ...(isMine && { target: `at most ${its.trips}`, ok: trips <= its.trips }),
      });
    }
  }
  return rows;
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
