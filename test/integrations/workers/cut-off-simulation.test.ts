// Random requests of which some are cut off anywhere: in line, while they open, validate or close, with a connection in hand.
// No finally runs then, and no timer of theirs fires. The same seed is the same story.

import { expect, test, vi } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { seeded } from "../../kit/seeded.ts";
import { type FakeIsolate, fakeIsolate, leftovers, NOTHING_LEFT } from "./isolate.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 40);
const REQUESTS = 100;

// Those that are cut off can only be told apart where nobody wakes another: a promise that is settled goes on in here.
test("requests that are cut off anywhere take nothing with them for long, and nobody gets what another has", async () => {
  let served = 0;
  for (let seed = Number(process.env["SEED"] ?? 1); seed <= SEEDS; seed++) {
    const chance = vi.spyOn(Math, "random").mockImplementation(seeded(-seed));
    try {
      served += await runStory(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      chance.mockRestore();
    }
  }
  if (SEEDS >= 40) expect(served).toBeGreaterThan(2_700);
});

/** @returns how many were served. */
async function runStory(seed: number): Promise<number> {
  const random = seeded(seed);
  const upTo = (most: number): number => Math.floor(random() * most);
  const max = 2 + upTo(4);
  const times = { acquireTimeoutMs: 20_000, openTimeoutMs: 1_000, validateAfterMs: 50, idleMs: 100_000 };
  const kit = fakeIsolate({ max, maxIdle: upTo(max + 1), ...times, canWake: false }, (source) => {
    source.opens = Array.from({ length: 300 }, () => (random() < 0.3 ? "now" : upTo(40)));
    source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(random() < 0.9), upTo(40)));
    source.closes = 10;
  });
  const { pool, source, clock } = kit;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  const holders = new Map<unknown, number>();
  const cut = new Set<number>();
  let served = 0;
  const visit = async (request: number): Promise<void> => {
    // Two rushes, with a silence of over a minute between them.
    await sleep(upTo(20_000) + (request % 2) * 90_000);
    const lease = await pool.acquire({ usePool: random() < 0.9 }).catch((error: unknown) => {
      if (!isDbError(error, "POOL_TIMEOUT")) throw error;
    });
    if (!lease) return;
    const { connection } = lease;
    expect([connection.state, holders.get(connection)]).toEqual(["open", undefined]);
    holders.set(connection, request);
    const lost = [...holders.values()].filter((holder) => cut.has(holder)).length;
    expect(source.live - lost).toBeLessThanOrEqual(max);
    served++;
    await sleep(upTo(1_000));
    holders.delete(connection);
    lease.release({ dirty: random() < 0.1 });
  };
  const failures: unknown[] = [];
  const requests = Array.from({ length: REQUESTS }, (_, request) => request);
  for (const request of requests) {
    const going = clock.run(request, () => visit(request));
    going.catch((error: unknown) => failures.push(error));
  }
  for (const request of requests) {
    if (random() < 0.7) continue;
    clock.setTimeout(() => {
      cut.add(request);
      clock.cutOff(request);
    }, upTo(120_000));
  }
  await clock.advance(150_000);
  expect(failures).toEqual([]);
  await checkEnd(kit, max);
  return served;
}

/** All places are there again, and what was lost is closed. */
async function checkEnd(kit: FakeIsolate, max: number): Promise<void> {
  await kit.clock.advance(70_000);
  const all = Array.from({ length: max }, () => kit.pool.acquire({ timeoutMs: 5_000 }));
  await kit.clock.advance(5_000);
  for (const lease of await Promise.all(all)) lease.release();
  await kit.clock.advance(1_000);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
}
