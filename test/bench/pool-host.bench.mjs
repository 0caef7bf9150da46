// A Worker on PostgreSQL, 10 ms away from it: through a pool host, and with a connection for each request, over the same
// WebSockets, turn by turn in one run. One-shots and transactions of three statements, one after another and in bursts.

import { Agent, get } from "node:http";
import { runnerImport } from "vite";

/** Half of it on the way there, half on the way back. */
const DELAY_MS = 10;
const AGENT = new Agent({ keepAlive: true });
const WORKS = { "one-shot": "do=one&apart", three: "do=three", "three, commit(last)": "do=short" };
const TARGETS = { "one-shot": 0.4, three: 0.65, "three, commit(last)": 0.65 };
const CELLS = [
  { name: "in a row", requests: 80, burst: 1, max: 20 },
  { name: "in bursts of 20, max 20", requests: 200, burst: 20, max: 20 },
  { name: "in bursts of 20, max 5", requests: 200, burst: 20, max: 5, target: 1 },
];

/** @returns rows for `npm run bench`. */
async function poolHostBench() {
  const load = async (path) => (await runnerImport(new URL(path, import.meta.url).pathname)).module;
  const { startNeonServer } = await load("../servers/neon/server.ts");
  const { bundleWorker } = await load("../runtime/bundle.ts");
  const { startWorkerd } = await load("../runtime/workerd.ts");
  const [worker, host] = await Promise.all(
    ["worker.ts", "host-ws.ts"].map((file) =>
      bundleWorker(new URL(`../runtime/pool-host/${file}`, import.meta.url).pathname),
    ),
  );
  const rows = [];
  for (const cell of CELLS) {
    const server = await startNeonServer({ delayMs: DELAY_MS / 2 });
    await server.query(`CREATE TABLE item (id int PRIMARY KEY, name text, count int NOT NULL DEFAULT 0);
      INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1100) AS n`);
    const { url: DATABASE_URL, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY } = server;
    const OPTIONS = JSON.stringify({ pool: { max: cell.max, acquireTimeoutMs: 60_000 } });
    const bindings = { DATABASE_URL, FETCH_ENDPOINT, WS_PROXY, OPTIONS, SHARDS: "1" };
    const workerd = await startWorkerd({
      script: worker.code,
      bindings,
      objectsOf: { POOL: { worker: "host", className: "ShopPool" } },
      workers: {
        host: {
          script: host.code,
          bindings,
          durableObjects: ["ShopPool"],
          objectsOf: { POOL: { worker: "host", className: "ShopPool" } },
        },
      },
    });
    try {
      rows.push(...(await measure(workerd.url, cell, server)));
    } finally {
      await workerd.stop();
      await server.stop();
    }
  }
  AGENT.destroy();
  return rows;
}

export default poolHostBench;

async function measure(url, { name, requests, burst, max, target }, server) {
  const rows = [];
  for (const [work, params] of Object.entries(WORKS)) {
    const times = { hosted: [], direct: [] };
    const urls = { direct: `${url}/?direct&${params}`, hosted: `${url}/?${params}` };
    let [opened, warm] = [0, 0];
    const count = async () => (await server.counts()).tunnelsOpened;
    // Turn by turn: whatever else the machine does, it does to both.
    for (let sent = 0; sent < requests; sent += burst)
      for (const way of ["direct", "hosted"]) {
        const before = await count();
        times[way].push(...(await Promise.all(Array.from({ length: burst }, () => ask(urls[way])))));
        if (way === "direct") continue;
        opened += (await count()) - before;
        if (sent >= requests / 2) warm += (await count()) - before;
      }
    const served = times.hosted.length;
    const ratio = quantile(times.hosted, 0.5) / quantile(times.direct, 0.5);
    const wanted = target ?? TARGETS[work];
    const label = `${work}, ${name}`;
    rows.push(
      {
        name: `${label}: p50`,
        value: quantile(times.hosted, 0.5),
        unit: "ms",
        ratio,
        target: `at most ${wanted} of a connection for each request`,
        ok: ratio <= wanted,
      },
      { name: `${label}: p95`, value: quantile(times.hosted, 0.95), unit: "ms" },
      {
        name: `${label}: connections opened for ${served} requests`,
        value: opened,
        target: `at most ${max}, none once warm`,
        ok: opened <= max && warm === 0,
      },
    );
  }
  return rows;
}

function ask(url) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent: AGENT }, (response) => {
      const { statusCode } = response;
      response.resume().on("close", () => {
        if (statusCode === 200) resolve(performance.now() - startedAt);
        else reject(new Error(`${url}: ${statusCode}`));
      });
    }).on("error", reject);
  });
}

function quantile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)];
}
