// Promise: the isolate of a Worker keeps its size and its connections, however many requests come, throw and leave.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleWorker } from "../runtime/bundle.ts";
import { startWorkerd } from "../runtime/workerd.ts";
import { call } from "../runtime/workers/client.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { seeded } from "../kit/seeded.ts";
import { growthOf, type Sample } from "./growth.ts";

const SAMPLES = 30;
const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 10);
/** Of workerd's resident memory, by the slope: a process's is noisier than a heap. */
const MOST_BYTES = 12_000_000;

/** Resident memory of a process; Linux alone tells. */
function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4_096;
}

/** One request of many kinds: it commits, throws, or its client leaves. */
async function mixed(url: string, random: () => number): Promise<void> {
  const name = random() < 0.5 ? "libsql" : "neon";
  const kind = Math.floor(random() * 5);
  const { answer, reset } = call(url, `/${name}${kind === 1 ? "?throw" : kind === 2 ? "?pause" : ""}`);
  if (kind === 2) setTimeout(reset, 20 * random());
  await answer;
}

test(`${MINUTES} real minutes in one isolate, on libSQL and Neon`, async () => {
  const [hrana, server] = [await startLibsqlServer(), await startNeonServer()];
  const { code } = await bundleWorker(join(import.meta.dirname, "worker.ts"));
  const { url: NEON, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY } = server;
  const workerd = await startWorkerd({
    script: code,
    bindings: { LIBSQL: hrana.url, NEON, FETCH_ENDPOINT, WS_PROXY },
    v8Flags: ["--expose-gc"],
  });
  const random = seeded(20_261_131);
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  const memory: Sample[] = [];
  let requests = 0;
  let nextMs = 0;
  while (elapsedMs() < MINUTES * 60_000) {
    const count = 1 + Math.floor(random() * 16);
    await Promise.all(Array.from({ length: count }, () => mixed(workerd.url, random)));
    requests += count;
    if (elapsedMs() < nextMs) continue;
    nextMs += (MINUTES * 60_000) / SAMPLES;
    await Promise.all([hrana.forgetRequests(), server.forgetRequests()]);
    await call(workerd.url, "/collect").answer;
    memory.push({ atMs: elapsedMs(), value: residentBytes(workerd.pid) });
  }
  const { total } = growthOf(memory);
  console.log(
    `workerd, ${(elapsedMs() / 60_000).toFixed(1)} min: ${requests} requests, memory grew by ${Math.round(total / 1_000)} kB`,
  );
  // Whose clients left are still being rolled back.
  const stats = async (): Promise<unknown> => (await fetch(`${workerd.url}/stats`)).json();
  await expect
    .poll(stats, { timeout: 60_000 })
    .toEqual([1, 2].map(() => expect.objectContaining({ busy: 0, waiting: 0 })));
  expect(await server.leaks()).toEqual([]);
  // What workerd says of any flag of V8's.
  expect(workerd.log().replace(/^.*per-isolate bootstrap compile cache.*\n/gm, "")).toBe("");
  await workerd.stop();
  await hrana.stop();
  await server.stop();
  expect(total).toBeLessThan(MOST_BYTES);
});
