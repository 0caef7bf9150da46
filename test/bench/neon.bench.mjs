// Eight reads of one turn over HTTP, in requests; and a transaction of three statements, 20 ms away from the database: round trips, counted at the server, and the median time.
// isopool's session, Neon's own driver, Drizzle and Kysely, in turns, in one run. Cold: with a connection of its own, its
// TCP handshake paid; TLS would take one round trip more, from all of them alike.

import { Client, neon as neonHttp, neonConfig, Pool } from "@neondatabase/serverless";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/neon-serverless";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { neon } from "../../dist/adapters/neon/index.js";
import { createDatabase, explicit } from "../../dist/index.js";

const DELAY_MS = 20;
const ROUNDS = 11;
const SETUP =
  "CREATE TABLE item (id int PRIMARY KEY, count int); INSERT INTO item SELECT n, 0 FROM generate_series(1, 9) n";
const UPDATE = "UPDATE item SET count = count + 1 WHERE id = $1";

/** @returns rows for `npm run bench`: flights and the median of each way to run the same transaction. */
async function neonBench() {
  const { module } = await runnerImport(new URL("../servers/neon/server.ts", import.meta.url).pathname);
  const server = await module.startNeonServer({ delayMs: DELAY_MS });
  try {
    await server.query(SETUP);
    const settings = {
      fetchEndpoint: () => server.fetchEndpoint,
      wsProxy: () => server.wsProxy,
      useSecureWebSocket: false,
      webSocketConstructor: WebSocket,
    };
    // The peers take them from where the driver keeps them for everybody.
    Object.assign(neonConfig, settings);
    const peers = peersOf(server.url, settings);
    const rows = [...(await compare(server, "cold", peers)), ...(await compare(server, "warm", peers))];
    rows.push(...(await readsOf(server, settings)));
    const leaks = await server.leaks();
    return [
      ...rows,
      { name: "left open at the server", value: leaks.length, target: "nothing", ok: leaks.length === 0 },
    ];
  } finally {
    await server.stop();
  }
}

export default neonBench;

/** How each opens, runs the transaction and closes; and how many flights it should take. */
function peersOf(url, neonSettings) {
  const isopool = (flights, work) => ({ flights, ...isopoolBy(url, neonSettings, work) });
  return {
    "isopool, one after another": isopool({ cold: 5, warm: 4 }, (db) =>
      db.session(async (session) => {
        for (const id of [1, 2, 3]) await session.query(UPDATE, [id]);
      }),
    ),
    "isopool, the last one with commit()": isopool({ cold: 4, warm: 3 }, (db) =>
      db.session(async (session) => {
        for (const id of [1, 2]) await session.query(UPDATE, [id]);
        await session.commit({ text: UPDATE, params: [3] });
      }),
    ),
    "isopool, three at once": isopool({ cold: 3, warm: 2 }, (db) =>
      db.session((session) => Promise.all([1, 2, 3].map((id) => session.query(UPDATE, [id])))),
    ),
    "isopool, a batch over HTTP": isopool({ warm: 1 }, (db) =>
      db.autocommit.batch([1, 2, 3].map((id) => ({ text: UPDATE, params: [id] }))),
    ),
    "the plain driver": onPool(
      url,
      (pool) => pool,
      async (pool) => {
        const client = await pool.connect();
        await client.query("BEGIN");
        for (const id of [1, 2, 3]) await client.query(UPDATE, [id]);
        await client.query("COMMIT");
        client.release();
      },
    ),
    Drizzle: onPool(
      url,
      (client) => drizzle({ client }),
      (db) =>
        db.transaction(async (tx) => {
          for (const id of [1, 2, 3]) await tx.execute(drizzleSql`UPDATE item SET count = count + 1 WHERE id = ${id}`);
        }),
    ),
    Kysely: onPool(
      url,
      (pool) => new Kysely({ dialect: new PostgresDialect({ pool }) }),
      (db) =>
        db.transaction().execute(async (trx) => {
          for (const id of [1, 2, 3]) await kyselySql`UPDATE item SET count = count + 1 WHERE id = ${id}`.execute(trx);
        }),
    ),
  };
}

function isopoolBy(url, neonConfig, work) {
  return {
    open: () => {
      const adapter = neon({ neon: neonHttp, Client, neonConfig });
      return createDatabase(url, { adapters: [adapter], context: explicit() });
    },
    work,
    close: (db) => db.dispose(),
  };
}

/** @param wrap - makes of the driver's Pool what the work is done by. */
function onPool(url, wrap, work) {
  return {
    open: () => {
      const pool = new Pool({ connectionString: url });
      // A lost connection must not end the process.
      pool.on("error", () => {});
      return { pool, user: wrap(pool) };
    },
    work: ({ user }) => work(user),
    close: ({ pool }) => pool.end(),
  };
}

/** Eight reads that are asked in one turn and know nothing of each other: requests of each. */
async function readsOf(server, neonSettings) {
  const ids = [1, 2, 3, 4, 5, 6, 7, 8];
  const text = "SELECT count FROM item WHERE id = $1";
  const driver = neonHttp(server.url);
  const { open, close } = isopoolBy(server.url, neonSettings);
  const db = open();
  const count = async (work) => {
    await server.forgetRequests();
    await Promise.all(ids.map(work));
    return (await server.counts()).flights;
  };
  const plain = await count((id) => driver.query(text, [id]));
  const ours = await count((id) => db.autocommit.query(text, [id]));
  await close(db);
  return [
    { name: "eight reads of one turn: isopool, over HTTP", value: ours, unit: "requests", target: "1", ok: ours === 1 },
    { name: "eight reads of one turn: the plain driver", value: plain, unit: "requests" },
  ];
}

/** Runs the peers in turns, so that what else the machine does hits them alike. */
async function compare(server, temperature, all) {
  // What has no cold figure goes over HTTP, whose connections are the runtime's own and kept by it.
  const peers = Object.fromEntries(Object.entries(all).filter(([, { flights }]) => !flights || temperature in flights));
  const seen = Object.fromEntries(Object.keys(peers).map((name) => [name, { times: [], flights: new Set() }]));
  const opened = Object.fromEntries(Object.entries(peers).map(([name, { open }]) => [name, open()]));
  if (temperature === "warm") for (const [name, { work }] of Object.entries(peers)) await work(opened[name]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { open, work, close }] of Object.entries(peers)) {
      const user = temperature === "warm" ? opened[name] : open();
      await server.forgetRequests();
      const startedAt = performance.now();
      await work(user);
      seen[name].times.push(performance.now() - startedAt);
      seen[name].flights.add((await server.counts()).flights);
      if (temperature === "cold") await close(user);
    }
  }
  for (const [name, { close }] of Object.entries(peers)) await close(opened[name]);
  return Object.entries(seen).flatMap(([name, each]) => rowsOf(`${temperature}: ${name}`, each, peers[name], seen));
}

function rowsOf(name, { times, flights }, { flights: wanted }, seen) {
  const count = [...flights].join(" or ");
  const target = wanted?.[name.split(":")[0]];
  return [
    { name: `${name}: flights`, value: count, ...(target && { target: `${target}`, ok: count === `${target}` }) },
    {
      name: `${name}: median, to the plain driver's`,
      value: median(times),
      unit: "ms",
      ratio: median(times) / median(seen["the plain driver"].times),
      ...(target && { target: "faster", ok: median(times) < median(seen["the plain driver"].times) }),
    },
  ];
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
