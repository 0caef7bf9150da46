// Durable commits of a browser database, in Chromium, on its disk: each of isopool's storages beside the official build's opfs-sahpool,
// sqlocal, and what is written by hand (the whole image into IndexedDB). The same transaction for all; they take turns.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { build, preview } from "vite";
import sqlocalPlugin from "sqlocal/vite";
import { browserPath } from "../setup/ensure-browser.mjs";

const MEGABYTES = [1, 10, 100];
const [SMALL, , LARGE] = MEGABYTES;
const ROUNDS = 9;
/** Of one that takes seconds for a commit, where others take a millisecond: no ratio is made with it. */
const FEW_ROUNDS = 2;
const CRASHES = 5;
const OURS = ["opfs", "worker", "indexeddb"];
const SLOW = ["by hand"];
const PEERS = ["sahpool", "sahpool wal", "sqlocal"];
const NAMES = {
  floor: "a page written and flushed, and nothing else",
  opfs: "opfs(), in a worker",
  worker: "sqlJsWorker() with opfs(), from the page",
  indexeddb: "indexedDb(), on the page",
  sahpool: "@sqlite.org/sqlite-wasm opfs-sahpool, in a worker",
  "sahpool wal": "the same in WAL mode",
  sqlocal: "sqlocal, from the page",
  "by hand": "export() and put, on the page",
};

/** @returns rows for `npm run bench`: commits a second, and the ratio to the best peer. */
async function storageBench() {
  const { times, takeovers } = await measure();
  const rate = (name, megabytes) => 1_000 / times[name][megabytes].one;
  const best = (megabytes) => Math.max(...PEERS.map((name) => rate(name, megabytes)));
  const rows = MEGABYTES.flatMap((megabytes) =>
    Object.keys(NAMES).map((name) => {
      const value = rate(name, megabytes);
      const row = { name: `${megabytes} MB: ${NAMES[name]}`, value, unit: "commits/s" };
      const ratio = value / best(megabytes);
      // How far the best of them is from what no engine can do without.
      if (name === "floor") return { ...row, ratio };
      if (!OURS.includes(name)) return row;
      return { ...row, ratio, ...(name === "opfs" && { target: "at least 1.4x the best peer", ok: ratio >= 1.4 }) };
    }),
  );
  for (const name of OURS) {
    const grows = times[name][LARGE].many / times[name][SMALL].many;
    rows.push({
      name: `a commit of 20 rows at 100 MB, to that at 1 MB: ${NAMES[name]}`,
      value: grows,
      unit: "times",
      target: "at most 2",
      ok: grows <= 2,
    });
  }
  const value = median(takeovers);
  const name = "tabs: another tab answers after the leader's crash";
  rows.push({ name, value, unit: "ms", target: "at most 1000", ok: value <= 1_000 });
  return rows;
}

async function measure() {
  const profile = await mkdtemp(join(tmpdir(), "isopool-bench-"));
  const server = await serve(join(profile, "site"));
  const context = await chromium.launchPersistentContext(join(profile, "profile"), {
    executablePath: browserPath(),
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"],
  });
  try {
    const page = await context.newPage();
    await page.goto(server.resolvedUrls.local[0]);
    const call = (...order) => page.evaluate(([name, ...args]) => globalThis[name](...args), order);
    const times = {};
    for (const megabytes of MEGABYTES) {
      const names = Object.keys(NAMES);
      for (const name of names) await call("open_", name, megabytes);
      /** @returns milliseconds a commit of so many rows, by name: in turns. */
      const inTurns = async (peers, rows) => {
        const rounds = Object.fromEntries(peers.map((name) => [name, []]));
        for (let round = 0; round < ROUNDS; round++)
          for (const name of peers)
            if (round < FEW_ROUNDS || !SLOW.includes(name)) rounds[name].push(await call("round", name, rows));
        return Object.fromEntries(peers.map((name) => [name, median(rounds[name])]));
      };
      // One row is a page or two; 20 rows are some 20 pages.
      const one = await inTurns(names, 1);
      const many = megabytes === SMALL || megabytes === LARGE ? await inTurns(OURS, 20) : {};
      for (const name of names) (times[name] ??= {})[megabytes] = { one: one[name], many: many[name] };
      for (const name of names) await call("close_", name);
    }
    return { times, takeovers: await crashLeaders(context, page.url()) };
  } finally {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @returns milliseconds until the tab that follows has answered, for each crash. */
async function crashLeaders(context, url) {
  const visit = async () => {
    const page = await context.newPage();
    await page.goto(url);
    await page.evaluate(() => globalThis.answered());
    return page;
  };
  const takeovers = [];
  let leader = await visit();
  for (let crash = 0; crash < CRASHES; crash++) {
    const next = await visit();
    const session = await context.newCDPSession(leader);
    const crashed = new Promise((resolve) => leader.once("crash", resolve));
    session.send("Page.crash").catch(() => undefined);
    await crashed;
    takeovers.push(await next.evaluate(() => globalThis.answered()));
    leader = next;
  }
  return takeovers;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

async function serve(outDir) {
  const root = fileURLToPath(new URL("storage", import.meta.url));
  // sqlocal's kind of OPFS needs a page that is isolated from others; nothing else here does.
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const shared = { root, configFile: false, logLevel: "error", plugins: [sqlocalPlugin()] };
  await build({ ...shared, build: { outDir, emptyOutDir: true, target: "es2022" } });
  return preview({ ...shared, build: { outDir }, preview: { host: "127.0.0.1", port: 0, headers } });
}

export default storageBench;
