// 300 requests to one isolate of a real workerd, 30 at a time, 20 ms away from the database, one query each: isopool at module
// level, @libsql/client at module level, and a client for each request. What was served, what it cost, and how long it took.

import { Agent, get } from "node:http";
import { runnerImport } from "vite";

/** Half of it on the way there, half on the way back. */
const LATENCY_MS = 40;
const REQUESTS = 300;
const AT_ONCE = 30;
/** A request that takes longer is given up: in an isolate that hangs, none is ever answered. */
const PATIENCE_MS = 5_000;
const MOST_OPEN = { ours: 5, wide: 30 };
const WAYS = {
  ours: "isopool at module level, max 5",
  wide: "isopool at module level, max 30",
  shared: "@libsql/client at module level",
  own: "@libsql/client, one for each request",
};

/** @returns rows for `npm run bench`: each way in an isolate of its own. */
async function libsqlInWorkersBench() {
  const load = async (path) => (await runnerImport(new URL(path, import.meta.url).pathname)).module;
  const { startLibsqlServer } = await load("../servers/libsql/libsql-server.ts");
  const { bundleWorker } = await load("../runtime/bundle.ts");
  const { startWorkerd } = await load("../runtime/workerd.ts");
  const { code } = await bundleWorker(new URL("workers/worker.js", import.meta.url).pathname);
  const rows = [];
  for (const [way, name] of Object.entries(WAYS)) {
    const server = await startLibsqlServer({ latencyMs: LATENCY_MS });
    await fill(server.url);
    const workerd = await startWorkerd({ script: code, bindings: { DATABASE_URL: server.url } });
    try {
      rows.push(...(await measure(`${workerd.url}/?way=${way}`, name, MOST_OPEN[way], server)));
    } finally {
      await workerd.stop();
      await server.stop();
    }
  }
  return rows;
}

export default libsqlInWorkersBench;

async function fill(url) {
  const batch = { steps: ["CREATE TABLE item (id, name)", "INSERT INTO item VALUES (1, 'first')"].map(step) };
  const body = JSON.stringify({ requests: [{ type: "batch", batch }, { type: "close" }] });
  await (await fetch(`${url}/v3/pipeline`, { method: "POST", body })).text();
}

function step(sql) {
  return { stmt: { sql } };
}

async function measure(url, name, most, server) {
  await server.forgetRequests();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const answers = [];
  let left = REQUESTS;
  const client = async () => {
    while (left-- > 0) answers.push(await ask(url, agent));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  agent.destroy();
  const times = answers.filter(({ isServed }) => isServed).map(({ ms }) => ms);
  const sent = (await server.requests()).length;
  // Less the one that made the table.
  const opened = (await server.counts()).streamsOpened - 1;
  const verdict = (target, ok) => most !== undefined && { target, ok };
  return [
    { name: `${name}: served`, value: `${times.length} of ${REQUESTS}`, ...verdict("all", times.length === REQUESTS) },
    { name: `${name}: requests to the database`, value: sent, ...verdict(`${REQUESTS}`, sent === REQUESTS) },
    { name: `${name}: streams opened there`, value: opened, ...verdict(`at most ${most}`, opened <= most) },
    { name: `${name}: p50`, value: quantile(times, 0.5), unit: "ms" },
    { name: `${name}: p99`, value: quantile(times, 0.99), unit: "ms" },
  ];
}

function ask(url, agent) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const end = (isServed) => resolve({ isServed, ms: performance.now() - startedAt });
    const request = get(url, { agent, timeout: PATIENCE_MS }, (response) => {
      response.resume().on("close", () => end(response.statusCode === 200));
    });
    request.on("timeout", () => request.destroy()).on("error", () => end(false));
  });
}

function quantile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)];
}
