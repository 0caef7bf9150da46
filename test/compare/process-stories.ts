// Stories in a process of their own: in a real workerd, and in a script.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleWorker } from "../runtime/bundle.ts";
import { startWorkerd } from "../runtime/workerd.ts";
import { call } from "../runtime/workers/client.ts";
import { type RunningServer, startNeonServer } from "../servers/neon/server.ts";
import { type Library, type Story, type Verdict, verdict } from "./story.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GOODS = "CREATE TABLE goods (number int PRIMARY KEY, name text NOT NULL)";
/** For what must come: a slow machine is not wrong. */
const LONG_MS = 20_000;

let script: Promise<string> | undefined;

/** Plays on a Worker and its server; both end with it. */
async function inWorker(play: (server: RunningServer, url: string) => Promise<Verdict>): Promise<Verdict> {
  script ??= bundleWorker(join(import.meta.dirname, "worker.ts")).then(({ code }) => code);
  const server = await startNeonServer();
  await server.query(GOODS);
  const { plainUrl: PLAIN_URL, url: NEON_URL, wsProxy: WS_PROXY } = server;
  const workerd = await startWorkerd({
    script: await script,
    bindings: { PLAIN_URL, NEON_URL, WS_PROXY },
    compatibilityFlags: ["nodejs_compat"],
  });
  try {
    return await play(server, workerd.url);
  } finally {
    await workerd.stop();
    await server.stop();
  }
}

const numbers = async (server: RunningServer): Promise<number[]> =>
  (await server.query("SELECT number FROM goods ORDER BY 1")).map((row) => Number(row["number"]));

function secondRequest(library: Library): Promise<Verdict> {
  return inWorker(async (server, url) => {
    const statuses: number[] = [];
    let flights = 0;
    for (const number of [1, 2, 3]) {
      await server.forgetRequests();
      const response = await fetch(`${url}/${encodeURIComponent(library)}?number=${number}`);
      statuses.push(response.status);
      await response.text();
      ({ flights } = await server.counts());
    }
    const isPassed = statuses.every((status) => status === 200) && (await numbers(server)).join() === "1,2,3";
    return verdict(isPassed, `${statuses.join(", ")}; ${flights} round trips for the third`);
  });
}

function clientThatLeaves(library: Library): Promise<Verdict> {
  return inWorker(async (server, url) => {
    const path = `/${encodeURIComponent(library)}`;
    const inTransaction = async (): Promise<boolean> =>
      (await server.open()).backends.some(({ state }) => state === "idle in transaction");
    const leaving = call(url, `${path}?number=1&pause=600000`);
    const begun = await until(inTransaction);
    leaving.reset();
    const ended = await until(async () => !(await inTransaction()));
    const open = await server.leaks(LONG_MS);
    const next = await fetch(`${url}${path}?number=2`);
    const stored = (await numbers(server)).join(", ");
    const isPassed = begun && ended && open.length === 0 && next.status === 200 && stored === "2";
    const left = open.length === 0 ? "nothing left open" : `left open: ${open.join("; ")}`;
    return verdict(
      isPassed,
      `${ended ? "rolled back" : "the transaction stays open"}; ${left}; the next request: ${next.status}`,
    );
  });
}

async function until(isTrue: () => Promise<boolean>): Promise<boolean> {
  for (const endsAt = performance.now() + LONG_MS; performance.now() < endsAt; await sleep(20))
    if (await isTrue()) return true;
  return false;
}

async function scriptThatEnds(library: Library): Promise<Verdict> {
  const server = await startNeonServer();
  try {
    const entryPoints = [join(import.meta.dirname, "ending.ts")];
    const options = { platform: "node", format: "esm", target: "node20", packages: "external" } as const;
    const { outputFiles } = await build({ ...options, entryPoints, bundle: true, write: false });
    const { url: URL, plainUrl: PLAIN_URL, wsProxy: WS_PROXY } = server;
    const child = spawn(process.execPath, ["--input-type=module", "-"], {
      cwd: ROOT,
      env: { ...process.env, LIBRARY: library, URL, PLAIN_URL, WS_PROXY },
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.end(outputFiles[0]!.text);
    const closed = once(child, "close");
    await once(child.stdout, "data");
    const askedAt = performance.now();
    const isEnded = await Promise.race([closed.then(() => true), sleep(60_000, false)]);
    const seconds = ((performance.now() - askedAt) / 1_000).toFixed(1);
    if (!isEnded) child.kill("SIGKILL");
    // Ten seconds of idling are a default that its documentation names; a script that takes them does end.
    return verdict(isEnded, isEnded ? `ended ${seconds} s after its answer` : "still running after 60 s");
  } finally {
    await server.stop();
  }
}

export function processStories(): Story[] {
  const plays = (play: (library: Library) => Promise<Verdict>): Story["plays"] => ({
    isopool: () => play("isopool"),
    Drizzle: () => play("Drizzle"),
    Kysely: () => play("Kysely"),
    "@libsql/client": "it keeps no connection: requests alone",
    "Neon driver": () => play("Neon driver"),
    pg: () => play("pg"),
  });
  return [
    {
      name: "second request of a Worker",
      passes: "three requests, one after another, are answered and stored",
      on: "workerd, PostgreSQL",
      note: "isopool is one object at module level; the others are documented for Workers as a client of its own in each request, and so they are played.",
      plays: plays(secondRequest),
    },
    {
      name: "client that leaves",
      passes: "its transaction is rolled back, nothing stays open at the server, and the next request is answered",
      on: "workerd, PostgreSQL",
      plays: plays(clientThatLeaves),
    },
    {
      name: "script that must end",
      passes: "a script that closes nothing ends by itself",
      on: "Node, PostgreSQL",
      note: "In isopool an idle connection keeps no process alive, except one of postgres.js, which does not show its socket: that one is closed after `pool.idleMs` (30 s), and a script on it ends at once with `await db.dispose()`. The others close what was idle for 10 s, and `end()` ends it at once.",
      plays: plays(scriptThatEnds),
    },
  ];
}
