// PostgreSQL from one process, the server in others: 100 transactions at once over ten connections, and many rows read as a
// stream. isopool beside the driver's own Pool, over WebSocket as Neon has it, and over TCP with `pg`. In turns; throughput is wall time, and what it
// costs is the processor time of this process.

import { Client as NeonClient, neon as neonHttp, neonConfig, Pool as NeonPool } from "@neondatabase/serverless";
import { Client as PgClient, Pool as PgPool } from "pg";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { neon } from "../../dist/adapters/neon/index.js";
import { postgres } from "../../dist/adapters/pg/index.js";
import { createDatabase, explicit } from "../../dist/index.js";
import { inTurns, medianOf, ratioOf } from "./rounds.mjs";

const MAX = 10;
const AT_ONCE = 100;
const ROUNDS = 60;
const WARM_UP = 10;
const STREAM_ROUNDS = 3;
const SETUP = `CREATE TABLE item (id int PRIMARY KEY, count int); INSERT INTO item SELECT n, 0 FROM generate_series(1, ${AT_ONCE}) n`;
const UPDATE = "UPDATE item SET count = count + 1 WHERE id = $1";
const SELECT = "SELECT count FROM item WHERE id = $1";
/** Rows of the stream, at each. */
const ROWS = { "Neon, ws": 1_000_000, pg: 100_000 };

/** @returns rows for `npm run bench`. */
async function postgresBench() {
  const { module } = await runnerImport(new URL("../servers/neon/server.ts", import.meta.url).pathname);
  const server = await module.startNeonServer();
  try {
    await server.query(SETUP);
    const settings = { wsProxy: () => server.wsProxy, useSecureWebSocket: false, webSocketConstructor: WebSocket };
    Object.assign(neonConfig, settings);
    const adapters = [neon({ neon: neonHttp, Client: NeonClient, neonConfig: settings, transport: "ws" })];
    return [
      ...(await compare("Neon, ws", server.url, adapters, NeonPool)),
      ...(await compare("pg", server.plainUrl, [postgres({ Client: PgClient })], PgPool)),
    ];
  } finally {
    await server.stop();
  }
}

export default postgresBench;

async function compare(place, url, adapters, Pool) {
  const db = createDatabase(url, { adapters, context: explicit(), pool: { max: MAX } });
  const pool = new Pool({ connectionString: url, max: MAX });
  try {
    return [...(await sessions(place, db, pool)), ...(await streams(place, db, pool))];
  } finally {
    await db.dispose();
    await pool.end();
  }
}

/** BEGIN, an update, a select, COMMIT. */
async function sessions(place, db, pool) {
  const ours = (id) =>
    db.session(async (session) => {
      await session.query(UPDATE, [id]);
      return (await session.query(SELECT, [id])).rows[0].count;
    });
  const theirs = async (id) => {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      await client.query(UPDATE, [id]);
      const { rows } = await client.query(SELECT, [id]);
      await client.query("COMMIT");
      return rows[0].count;
    } finally {
      client.release();
    }
  };
  const many = (work) => () => Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(index + 1)));
  const seen = await inTurns({ ours: many(ours), theirs: many(theirs) }, { rounds: ROUNDS, warmUp: WARM_UP });
  const rate = (peer) => AT_ONCE / (medianOf(seen[peer], "wallMs") / 1_000);
  const each = (peer) => (medianOf(seen[peer], "cpuMs") / AT_ONCE) * 1_000;
  const faster = 1 / ratioOf(seen.ours, seen.theirs, "wallMs");
  const dearer = ratioOf(seen.ours, seen.theirs, "cpuMs");
  const what = `${place}: ${AT_ONCE} sessions at once over ${MAX} connections`;
  return [
    { name: `${what}: the driver's Pool`, value: rate("theirs"), unit: "/s" },
    { name: `${what}: isopool`, value: rate("ours"), unit: "/s", ratio: faster, target: ">= 1", ok: faster >= 1 },
    { name: `${what}: the driver's Pool, processor time`, value: each("theirs"), unit: "µs each" },
    {
      name: `${what}: isopool, processor time`,
      value: each("ours"),
      unit: "µs each",
      ratio: dearer,
      target: "at most 1.15",
      ok: dearer <= 1.15,
    },
  ];
}

/** All rows: with one query of the driver's, which holds them all, and with a stream at its default. */
async function streams(place, db, pool) {
  const count = ROWS[place];
  const text = `SELECT n AS id, 'name ' || n AS name, n * 2 AS count FROM generate_series(1, ${count}) n`;
  const check = (read) => {
    if (read !== count) throw new Error(`Expected ${count} rows, got ${read}`);
  };
  const ours = () =>
    db.session(async (session) => {
      let read = 0;
      for await (const { id } of session.stream(text)) read += id > 0;
      check(read);
    });
  const theirs = async () => {
    const { rows } = await pool.query(text);
    let read = 0;
    for (const { id } of rows) read += id > 0;
    check(read);
  };
  const seen = await inTurns({ ours, theirs }, { rounds: STREAM_ROUNDS, warmUp: 0 });
  return ["wallMs", "cpuMs"].flatMap((key) => {
    const what = `${place}: ${count.toLocaleString("en")} rows${key === "cpuMs" ? ", processor time" : ""}`;
    const ratio = ratioOf(seen.ours, seen.theirs, key);
    return [
      { name: `${what}: the driver's query`, value: medianOf(seen.theirs, key), unit: "ms" },
      {
        name: `${what}: stream()`,
        value: medianOf(seen.ours, key),
        unit: "ms",
        ratio,
        target: "at most 2",
        ok: ratio <= 2,
      },
    ];
  });
}
