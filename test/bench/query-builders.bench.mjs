// The same work through Kysely 0.28 and 0.29, over isopool and over the driver that is Kysely's own for that database: round trips,
// counted at the server. Each is measured on connections that are there already.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { Client, neon as neonHttp, neonConfig, Pool } from "@neondatabase/serverless";
import * as kysely28 from "kysely";
import * as kysely29 from "kysely-0.29";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { libsql } from "../../dist/adapters/libsql/index.js";
import { neon } from "../../dist/adapters/neon/index.js";
import { asyncLocal, createDatabase } from "../../dist/index.js";
import * as over28 from "../../dist/integrations/kysely/index.js";
import "./newer.mjs";

const VERSIONS = {
  "Kysely 0.28": { ...kysely28, ...over28 },
  "Kysely 0.29": { ...kysely29, ...(await import("../../dist/integrations/kysely/index.js?newer")) },
};
// Only texts and values: of either version.
const { sql } = kysely28;
const update = (kysely, id) => sql`UPDATE item SET count = count + 1 WHERE id = ${id}`.execute(kysely);
const select = (kysely) => sql`SELECT count(*) FROM item`.execute(kysely);

/** What is done, and what isopool may need more than Kysely's own driver: nothing. */
const WORK = {
  "a select": (kysely) => select(kysely),
  "a transaction of three updates": (kysely) =>
    kysely.transaction().execute(async (trx) => {
      for (const id of [1, 2, 3]) await update(trx, id);
    }),
  "a transaction with a savepoint that is released": async (kysely) => {
    const trx = await kysely.startTransaction().execute();
    try {
      await update(trx, 1);
      await trx.savepoint("part").execute();
      await update(trx, 2);
      await trx.releaseSavepoint("part").execute();
      await trx.commit().execute();
    } catch (error) {
      await trx.rollback().execute();
      throw error;
    }
  },
  "a transaction that is rolled back": (kysely) =>
    kysely
      .transaction()
      .execute(async (trx) => {
        await update(trx, 1);
        throw new Error("rolled back");
      })
      .catch(() => undefined),
  "eight selects at once in a session": (kysely, db) => {
    const all = () => Promise.all(Array.from({ length: 8 }, () => select(kysely)));
    return db ? db.session(all) : all();
  },
};

/** @returns rows for `npm run bench`. */
async function queryBuilders() {
  return [...(await onNeon()), ...(await onLibsql())];
}

export default queryBuilders;

async function onNeon() {
  const { module } = await runnerImport(new URL("../servers/neon/server.ts", import.meta.url).pathname);
  const server = await module.startNeonServer();
  const settings = {
    fetchEndpoint: () => server.fetchEndpoint,
    wsProxy: () => server.wsProxy,
    useSecureWebSocket: false,
    webSocketConstructor: WebSocket,
  };
  Object.assign(neonConfig, settings);
  await server.query(
    "CREATE TABLE item (id int PRIMARY KEY, count int); INSERT INTO item VALUES (1, 0), (2, 0), (3, 0)",
  );
  const ownDialect = ({ PostgresDialect }) => new PostgresDialect({ pool: new Pool({ connectionString: server.url }) });
  const adapters = [neon({ neon: neonHttp, Client, neonConfig: settings })];
  const count = async () => {
    const { flights } = await server.counts();
    await server.forgetRequests();
    return flights;
  };
  try {
    return await compare("Neon", server.url, adapters, ownDialect, count);
  } finally {
    await server.stop();
  }
}

async function onLibsql() {
  const { module } = await runnerImport(new URL("../servers/libsql/libsql-server.ts", import.meta.url).pathname);
  const server = await module.startLibsqlServer();
  const client = createClient({ url: server.url });
  await client.batch([
    "CREATE TABLE item (id INTEGER PRIMARY KEY, count)",
    "INSERT INTO item VALUES (1, 0), (2, 0), (3, 0)",
  ]);
  const count = async () => {
    const requests = await server.requests();
    await server.forgetRequests();
    // A stream that is closed by itself is waited for by nobody.
    return requests.filter(({ types }) => types.join() !== "close").length;
  };
  try {
    return await compare("libSQL", server.url, [libsql()], () => new LibsqlDialect({ url: server.url }), count);
  } finally {
    client.close();
    await server.stop();
  }
}

async function compare(place, url, adapters, ownDialect, count) {
  const rows = [];
  for (const [name, version] of Object.entries(VERSIONS)) {
    const db = createDatabase(url, { adapters, context: asyncLocal(AsyncLocalStorage) });
    const over = new version.Kysely({ dialect: new version.IsopoolDialect(db) });
    const own = new version.Kysely({ dialect: ownDialect(version) });
    rows.push(...(await compareTwo(`${name} on ${place}`, over, own, db, count)));
    await own.destroy();
    await db.dispose();
  }
  return rows;
}

async function compareTwo(name, over, own, db, count) {
  const rows = [];
  for (const [what, work] of Object.entries(WORK)) {
    const trips = [];
    for (const [kysely, session] of [
      [over, db],
      [own, undefined],
    ]) {
      const can = await work(kysely, session).then(
        () => true,
        // Without savepoints, for one.
        () => false,
      );
      await count();
      if (can) await work(kysely, session);
      trips.push(can ? await count() : undefined);
    }
    const [ours, theirs] = trips;
    rows.push({
      name: `${name}: ${what}`,
      value: ours,
      unit: "round trips",
      ...(theirs && { ratio: ours / theirs }),
      target: theirs ? `no more than its own driver (${theirs})` : "its own driver cannot",
      ok: ours <= (theirs ?? Infinity),
    });
  }
  return rows;
}
