// Memory, timers and handles of a process, in an hour of virtual time and in real minutes on real servers.

import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { neon } from "../../src/adapters/neon/index.ts";
import { postgres } from "../../src/adapters/pg/index.ts";
import { asyncLocal, createDatabase, type Database } from "../../src/index.ts";
import { fakeAdapter, fakeClock } from "../../src/integrations/testing/index.ts";
import { driver } from "../adapters/neon/driver.ts";
import { optionsFor } from "../adapters/neon/target.ts";
import { drivers } from "../adapters/pg/drivers.ts";
import { seeded } from "../kit/seeded.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { type Outcome, type Plant, Verdict } from "./bounds.ts";
import type { Sample } from "./growth.ts";
import { Mistakes, mixed, ownError } from "./load.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

/** @param seconds - of virtual time, and so of sessions: about nine a second. */
export async function soakVirtually(seconds: number, plant?: Plant): Promise<Outcome> {
  const clock = fakeClock();
  const adapter = fakeAdapter({
    answer: ({ text, connection }) => {
      if (connection % 97 === 0 && text === "SELECT 3") throw ownError;
      return [{ n: 1 }];
    },
  });
  const db = createDatabase("fake:soak", {
    adapters: [adapter],
    context: asyncLocal(AsyncLocalStorage),
    runtime: clock.runtime(),
    pool: { max: 10, idleMs: 5_000, maxLifetimeMs: 60_000 },
  });
  const random = seeded(20_261_129);
  const mistakes = new Mistakes(plant);
  const heap: Sample[] = [];
  let sessions = 0;
  for (let second = 0; second < seconds; second++) {
    // Now and then nobody comes, and the pool closes what is idle.
    const count = second % 60 < 50 ? 1 + Math.floor(random() * 20) : 0;
    const working = Promise.all(Array.from({ length: count }, () => mixed(db, random)));
    const making = count === 0 ? undefined : mistakes.make(db);
    await clock.advance(1_000);
    await Promise.all([working, making]);
    sessions += count;
    (adapter.flights as string[][]).length = 0;
    if (second % 60 === 59) heap.push({ atMs: second * 1_000, value: await heapBytes() });
  }
  const verdict = new Verdict();
  const { busy, waiting } = db.stats();
  verdict.atMost("busy", busy + waiting, 0);
  verdict.atMost("open", adapter.openConnections, 10);
  const total = verdict.grew("heap", heap);
  await db.dispose({ timeoutMs: busy > 0 ? 0 : Infinity });
  verdict.atMost("left", adapter.openConnections, 0);
  await mistakes.mend();
  const report = `${seconds} virtual seconds: ${sessions} sessions, heap grew by ${Math.round(total / 1_000)} kB`;
  return { report, broken: verdict.broken };
}

/**
 * @param isOver - called before each round, with its number.
 * @param isDue - whether the round is to be measured.
 */
export async function soakNode(
  isOver: (round: number) => boolean,
  isDue: (round: number) => boolean,
  plant?: Plant,
): Promise<Outcome> {
  const [hrana, server] = [await startLibsqlServer(), await startNeonServer()];
  const context = asyncLocal(AsyncLocalStorage);
  const open = (url: string, adapter: Parameters<typeof createDatabase>[1]["adapters"][number]): Database =>
    createDatabase(url, { adapters: [adapter], context, pool: { max: 4, idleMs: 2_000, maxLifetimeMs: 20_000 } });
  const databases = [
    open(hrana.url, libsql()),
    open(server.url, neon(optionsFor(driver, server))),
    open(server.plainUrl, postgres(drivers.pg)),
    open(server.plainUrl, postgres(drivers["postgres.js"])),
  ];
  const random = seeded(20_261_130);
  const mistakes = new Mistakes(plant);
  const startedAt = performance.now();
  const heap: Sample[] = [];
  const handles: Sample[] = [];
  let sessions = 0;
  let mostOpen = 0;
  for (let round = 0; !isOver(round); round++) {
    await Promise.all(
      databases.flatMap((db) => Array.from({ length: 1 + Math.floor(random() * 8) }, () => mixed(db, random))),
    );
    sessions += databases.length * 4.5;
    if (!isDue(round)) continue;
    await mistakes.make(databases[2]!);
    await Promise.all([hrana.forgetRequests(), server.forgetRequests()]);
    const atMs = performance.now() - startedAt;
    heap.push({ atMs, value: await heapBytes() });
    handles.push({ atMs, value: process.getActiveResourcesInfo().length });
    mostOpen = Math.max(mostOpen, (await server.open()).tunnels.length);
  }
  const verdict = new Verdict();
  const [grown, more] = [verdict.grew("heap", heap), verdict.grew("handles", handles)];
  // Of three databases of four each, and as many that are being closed.
  verdict.atMost("open", mostOpen, 24);
  for (const db of databases) {
    const { busy, waiting } = db.stats();
    verdict.atMost("busy", busy + waiting, 0);
    await db.dispose({ timeoutMs: busy > 0 ? 0 : Infinity });
  }
  const left = await server.leaks(plant ? 0 : undefined);
  verdict.atMost("left", left.length, 0, left);
  await mistakes.mend();
  await hrana.stop();
  await server.stop();
  const minutes = (performance.now() - startedAt) / 60_000;
  const report =
    `Node, ${minutes.toFixed(1)} min: about ${Math.round(sessions)} sessions, ` +
    `heap grew by ${Math.round(grown / 1_000)} kB, handles by ${more}`;
  return { report, broken: verdict.broken };
}
