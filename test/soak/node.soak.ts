// Promise: memory, timers and handles of a process stay what they are, however long it works.

import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
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
import { growthOf, type Sample } from "./growth.ts";

const SAMPLES = 30;
const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 10);
/** Of the heap, by the slope, in all of the time: what a session leaves would be a thousand times as much. */
const MOST_BYTES = 1_500_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

const ownError = new Error("the application's own error");

/** One session of many kinds: it commits, throws, is nested, aborted, late, or alone. */
async function mixed(db: Database, random: () => number): Promise<void> {
  const kind = Math.floor(random() * 7);
  const controller = new AbortController();
  const options = kind === 3 ? { signal: controller.signal } : kind === 4 ? { timeoutMs: 1 } : {};
  const work =
    kind === 5
      ? db.autocommit.query("SELECT 1")
      : kind === 6
        ? db.batch(["SELECT 1", "SELECT 2"])
        : db.session(async (session) => {
            session.onCommit(() => undefined);
            await session.query("SELECT 1");
            if (kind === 1) throw ownError;
            if (kind === 3) controller.abort(ownError);
            if (kind === 2) await session.transaction((inner) => inner.query("SELECT 2"), { propagation: "nested" });
            await session.query("SELECT 3");
          }, options);
  await work.catch(() => undefined);
}

test("an hour of virtual time", async () => {
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
  const heap: Sample[] = [];
  let sessions = 0;
  for (let second = 0; second < 3_600; second++) {
    // Now and then nobody comes, and the pool closes what is idle.
    const count = second % 60 < 50 ? 1 + Math.floor(random() * 20) : 0;
    const working = Promise.all(Array.from({ length: count }, () => mixed(db, random)));
    await clock.advance(1_000);
    await working;
    sessions += count;
    (adapter.flights as string[][]).length = 0;
    if (second % 60 === 59) heap.push({ atMs: second * 1_000, value: await heapBytes() });
  }
  expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  expect(adapter.openConnections).toBeLessThanOrEqual(10);
  const { total } = growthOf(heap);
  console.log(`virtual hour: ${sessions} sessions, heap grew by ${Math.round(total / 1_000)} kB`);
  expect(total).toBeLessThan(MOST_BYTES);
  await db.dispose();
  expect(adapter.openConnections).toBe(0);
});

test(`${MINUTES} real minutes on libSQL, Neon and PostgreSQL`, async () => {
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
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  const heap: Sample[] = [];
  const handles: Sample[] = [];
  let sessions = 0;
  let nextMs = 0;
  while (elapsedMs() < MINUTES * 60_000) {
    await Promise.all(
      databases.flatMap((db) => Array.from({ length: 1 + Math.floor(random() * 8) }, () => mixed(db, random))),
    );
    sessions += databases.length * 4.5;
    if (elapsedMs() < nextMs) continue;
    nextMs += (MINUTES * 60_000) / SAMPLES;
    await Promise.all([hrana.forgetRequests(), server.forgetRequests()]);
    heap.push({ atMs: elapsedMs(), value: await heapBytes() });
    handles.push({ atMs: elapsedMs(), value: process.getActiveResourcesInfo().length });
    expect((await server.open()).tunnels.length).toBeLessThanOrEqual(12 + 12);
  }
  const [grown, more] = [growthOf(heap), growthOf(handles)];
  console.log(
    `Node, ${(elapsedMs() / 60_000).toFixed(1)} min: about ${Math.round(sessions)} sessions, ` +
      `heap grew by ${Math.round(grown.total / 1_000)} kB, handles by ${more.total.toFixed(1)}`,
  );
  for (const db of databases) {
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await db.dispose();
  }
  expect(await server.leaks()).toEqual([]);
  await hrana.stop();
  await server.stop();
  expect(grown.total).toBeLessThan(MOST_BYTES);
  expect(more.total).toBeLessThan(10);
});
