// What it costs to hand a PostgreSQL connection to the next session: the reset that isopool sends ahead, at the server, with no
// distance in between; and a transaction of one statement by those who reset nothing. In turns, in one run.

import { Client as NeonClient, neon as neonHttp, Pool as NeonPool, neonConfig } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/neon-serverless";
import { Client } from "pg";
import PgPool from "pg-pool";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { neon } from "../../dist/adapters/neon/index.js";
import { createDatabase, explicit } from "../../dist/index.js";

const ROUNDS = 20;
const TIMES = 100;
const BEGIN = ["BEGIN", "SET LOCAL idle_in_transaction_session_timeout = 60000", "SELECT 1"];
const PLAIN = [BEGIN, ["COMMIT"]];
const RESET = [["DISCARD ALL", ...BEGIN], ["COMMIT"]];

/** @returns rows for `npm run bench`. */
async function resetBench() {
  const { module } = await runnerImport(new URL("../servers/neon/server.ts", import.meta.url).pathname);
  const server = await module.startNeonServer();
  const client = new Client({ connectionString: server.database.directUrl });
  await client.connect();
  const settings = {
    wsProxy: () => server.wsProxy,
    fetchEndpoint: () => server.fetchEndpoint,
    useSecureWebSocket: false,
    webSocketConstructor: WebSocket,
  };
  Object.assign(neonConfig, settings);
  const db = createDatabase(server.url, {
    adapters: [neon({ neon: neonHttp, Client: NeonClient, neonConfig: settings, transport: "ws" })],
    context: explicit(),
  });
  const pools = [
    new NeonPool({ connectionString: server.url }),
    new PgPool({ connectionString: server.database.directUrl, Client }),
    new NeonPool({ connectionString: server.url }),
  ];
  const drizzled = drizzle({ client: pools[2] });
  const works = {
    plain: () => pipeline(client, PLAIN),
    reset: () => pipeline(client, RESET),
    "isopool, which resets": () => db.session((session) => session.query("SELECT 1")),
    "the driver's Pool": () => byHand(pools[0]),
    "pg-pool, without the proxy": () => byHand(pools[1]),
    Drizzle: () => drizzled.transaction((tx) => tx.execute(sql`SELECT 1`)),
  };
  const [times, isClean] = [await measure(works), await looksClean(db)];
  await db.dispose();
  for (const pool of pools) await pool.end();
  await client.end();
  await server.stop();
  return rowsOf(times, isClean);
}

export default resetBench;

/** Segments with a Sync each, all of them written at once; by the driver's line of queries, which ends one with each Sync. */
function pipeline(client, segments) {
  return new Promise((resolve, reject) => {
    let [isWritten, left] = [false, segments.length];
    const query = {
      submit(wire) {
        if (isWritten) return;
        isWritten = true;
        for (const segment of segments) {
          for (const text of segment) {
            wire.parse({ text, name: "", types: [] });
            wire.bind({ portal: "", statement: "", values: [] });
            wire.execute({ portal: "", rows: 0 });
          }
          wire.sync();
        }
      },
      handleReadyForQuery: () => --left === 0 && resolve(),
      handleError: reject,
      ...Object.fromEntries(
        ["RowDescription", "DataRow", "CommandComplete"].map((name) => [`handle${name}`, () => {}]),
      ),
    };
    for (const _ of segments) void client.query(query);
  });
}

async function byHand(pool) {
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query("SELECT 1");
  await client.query("COMMIT");
  client.release();
}

/** Medians of rounds that take turns, in microseconds each. */
async function measure(works) {
  const times = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (const work of Object.values(works)) for (let count = 0; count < TIMES; count++) await work();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const startedAt = performance.now();
      for (let count = 0; count < TIMES; count++) await work();
      times[name].push(((performance.now() - startedAt) / TIMES) * 1_000);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, each]) => [name, each.toSorted((a, b) => a - b)[ROUNDS >> 1]]),
  );
}

/** What one session sets in a way that no text shows, the next one does not see. */
async function looksClean(db) {
  await db.session((session) => session.query("DO $$ BEGIN EXECUTE 'SET app.mine = ''x'''; END $$"));
  const { rows } = await db.session((session) => session.query("SELECT current_setting('app.mine', true) AS seen"));
  return !rows[0].seen;
}

function rowsOf({ plain, reset, ...peers }, isClean) {
  const cost = Math.round(reset - plain);
  return [
    { name: "the reset, at PostgreSQL", value: cost, unit: "µs", target: "under 100 µs", ok: cost < 100 },
    { name: "isopool: what was left is seen", value: isClean ? "no" : "yes", target: "no", ok: isClean },
    ...Object.entries(peers).map(([name, value]) => ({
      name: `a transaction of one statement: ${name}`,
      value: Math.round(value),
      unit: "µs",
      ratio: value / peers["the driver's Pool"],
    })),
  ];
}
