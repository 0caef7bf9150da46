// Size and connections of a Worker's isolate, however many requests come, throw and leave.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleWorker } from "../runtime/bundle.ts";
import { startWorkerd } from "../runtime/workerd.ts";
import { call } from "../runtime/workers/client.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { seeded } from "../kit/seeded.ts";
import { type Outcome, type Plant, Verdict } from "./bounds.ts";
import type { Sample } from "./growth.ts";

/** Those whose clients have left are still being rolled back. */
const SETTLING_MS = 60_000;

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

/** As `soakNode()`. */
export async function soakWorkerd(
  isOver: (round: number) => boolean,
  isDue: (round: number) => boolean,
  plant?: Plant,
): Promise<Outcome> {
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
  const memory: Sample[] = [];
  let requests = 0;
  for (let round = 0; !isOver(round); round++) {
    const count = 1 + Math.floor(random() * 16);
    await Promise.all(Array.from({ length: count }, () => mixed(workerd.url, random)));
    requests += count;
    if (!isDue(round)) continue;
    if (plant) await call(workerd.url, `/mistake?${plant}`).answer;
    await Promise.all([hrana.forgetRequests(), server.forgetRequests()]);
    await call(workerd.url, "/collect").answer;
    memory.push({ atMs: performance.now() - startedAt, value: residentBytes(workerd.pid) });
  }
  const verdict = new Verdict();
  const total = verdict.grew("memory", memory);
  const minutes = (performance.now() - startedAt) / 60_000;
  const busy = await busyAfter(workerd.url, plant ? 1_000 : SETTLING_MS);
  verdict.atMost("busy", busy, 0);
  const left = await server.leaks(plant ? 0 : undefined);
  verdict.atMost("left", left.length, 0, left);
  // What workerd says of any flag of V8's.
  const said = workerd.log().replace(/^.*per-isolate bootstrap compile cache.*\n/gm, "");
  if (said) verdict.broken.push(`log: ${said}`);
  await workerd.stop();
  await hrana.stop();
  await server.stop();
  const grown = Math.round(total / 1_000);
  const report = `workerd, ${minutes.toFixed(1)} min: ${requests} requests, memory grew by ${grown} kB`;
  return { report, broken: verdict.broken };
}

/** @returns how many connections are lent or waited for, once they have had their time to end. */
async function busyAfter(url: string, patienceMs: number): Promise<number> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const all = (await (await fetch(`${url}/stats`)).json()) as { readonly busy: number; readonly waiting: number }[];
    const busy = all.reduce((sum, each) => sum + each.busy + each.waiting, 0);
    if (busy === 0 || performance.now() > until) return busy;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
