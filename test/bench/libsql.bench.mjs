// A query, reads of one turn, a batch and a transaction of three statements, 20 ms away from the server: HTTP requests, counted there, and the
// median time. @libsql/client itself, isopool over fetch, and isopool over @libsql/client, in turns, in one run.

import { createClient } from "@libsql/client/http";
import { runnerImport } from "vite";
import { libsqlClient } from "../../dist/adapters/libsql/client-entry.js";
import { libsql } from "../../dist/adapters/libsql/index.js";
import { createDatabase } from "../../dist/index.js";

/** Half of it on the way there, half on the way back. */
const LATENCY_MS = 40;
const ROUNDS = 21;
const SELECT = { text: "SELECT name FROM item WHERE id = ?", params: [1] };
const INSERT = { text: "INSERT INTO entry (name) VALUES (?)", params: ["new"] };
const SETUP = [
  "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)",
  "CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT)",
  "INSERT INTO item VALUES (1, 'first')",
];

/** Requests of each piece of work, by peer. */
const REQUESTS = {
  "a query": { client: 1, fetch: 1, "over the client": 1 },
  "eight reads of one turn": { client: 8, fetch: 1, "over the client": 8 },
  "resolvers of two levels": { client: 9, fetch: 2, "over the client": 9 },
  "a batch of three": { client: 1, fetch: 1, "over the client": 1 },
  "a transaction of three": { client: 4, fetch: 4, "over the client": 4 },
  "a transaction of three, the last with commit()": { client: 4, fetch: 3, "over the client": 3 },
};

/** @returns rows for `npm run bench`: requests and the median of each peer's way to do the same work. */
async function libsqlBench() {
  const { module } = await runnerImport(new URL("../servers/libsql/libsql-server.ts", import.meta.url).pathname);
  const server = await module.startLibsqlServer({ latencyMs: LATENCY_MS });
  const peers = peersOf(server.url);
  try {
    await peers.fetch.db.session((session) => session.batch(SETUP));
    const rows = [];
    for (const what of Object.keys(REQUESTS)) rows.push(...(await compare(server, what, peers)));
    return rows;
  } finally {
    for (const { dispose } of Object.values(peers)) await dispose();
    await server.stop();
  }
}

export default libsqlBench;

function peersOf(url) {
  const client = createClient({ url });
  return {
    client: { ...clientWork(client), dispose: () => client.close() },
    fetch: isopoolWork(url, libsql()),
    "over the client": isopoolWork(url, libsqlClient({ createClient })),
  };
}

const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

/** What asks by itself, as resolvers do: a list, then something of each of its rows. */
async function resolve(read) {
  await read(SELECT);
  await Promise.all(EIGHT.map(async (id) => read({ ...SELECT, params: [id] })));
}

function clientWork(client) {
  const own = ({ text: sql, params: args }) => ({ sql, args });
  const transaction = async () => {
    const transaction = await client.transaction("write");
    for (let n = 0; n < 3; n++) await transaction.execute(own(INSERT));
    await transaction.commit();
  };
  return {
    "a query": () => client.execute(own(SELECT)),
    "eight reads of one turn": () => Promise.all(EIGHT.map((id) => client.execute(own({ ...SELECT, params: [id] })))),
    "resolvers of two levels": () => resolve((statement) => client.execute(own(statement))),
    "a batch of three": () => client.batch([INSERT, INSERT, INSERT].map(own), "write"),
    "a transaction of three": transaction,
    "a transaction of three, the last with commit()": transaction,
  };
}

function isopoolWork(url, adapter) {
  const db = createDatabase(url, { adapters: [adapter] });
  const insert = (session) => session.query(INSERT.text, INSERT.params);
  return {
    db,
    dispose: () => db.dispose(),
    "a query": () => db.autocommit.query(SELECT.text, SELECT.params),
    "eight reads of one turn": () => Promise.all(EIGHT.map((id) => db.autocommit.query(SELECT.text, [id]))),
    "resolvers of two levels": () => resolve(({ text, params }) => db.autocommit.query(text, params)),
    "a batch of three": () => db.autocommit.batch([INSERT, INSERT, INSERT]),
    "a transaction of three": () =>
      db.session(async (session) => {
        for (let n = 0; n < 3; n++) await insert(session);
      }),
    "a transaction of three, the last with commit()": () =>
      db.session(async (session) => {
        for (let n = 0; n < 2; n++) await insert(session);
        await session.commit(INSERT);
      }),
  };
}

/** Runs the peers in turns, so that what else the machine does hits them alike. */
async function compare(server, what, peers) {
  const times = {};
  const requests = {};
  for (const [peer, { [what]: work }] of Object.entries(peers)) {
    await work();
    await server.forgetRequests();
    await work();
    requests[peer] = (await server.requests()).length;
    times[peer] = [];
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [peer, { [what]: work }] of Object.entries(peers)) {
      const startedAt = performance.now();
      await work();
      times[peer].push(performance.now() - startedAt);
    }
  }
  return Object.keys(peers).flatMap((peer) => {
    const isOurs = peer !== "client";
    const name = isOurs ? `${what}: isopool, ${peer}` : `${what}: @libsql/client`;
    const wanted = REQUESTS[what][peer];
    const ratio = median(times[peer].map((time, round) => time / times.client[round]));
    return [
      {
        name,
        value: requests[peer],
        unit: requests[peer] === 1 ? "request" : "requests",
        target: `${wanted}`,
        ok: requests[peer] === wanted,
      },
      {
        name: `${name}, p50`,
        value: median(times[peer]),
        unit: "ms",
        ...(isOurs && { ratio, target: "at most 1.1x the client", ok: ratio <= 1.1 }),
      },
    ];
  });
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
