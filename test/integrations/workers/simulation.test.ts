// Random requests over a source that fails in every way, on a virtual clock: the same seed is the same story.

import { expect, test, vi } from "vitest";
import { DbError, isDbError } from "../../../src/errors.ts";
import { seeded } from "../../kit/seeded.ts";
import { type FakeIsolate, fakeIsolate, leftovers, NOTHING_LEFT } from "./isolate.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 100);

test.each([true, false])(
  "a hundred requests leave nothing behind, and open no more than they may (woken: %s)",
  async (canWake) => {
    let served = 0;
    for (let seed = Number(process.env["SEED"] ?? 1); seed <= SEEDS; seed++) {
      const chance = vi.spyOn(Math, "random").mockImplementation(seeded(-seed));
      try {
        served += await runStory(seed, canWake);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      } finally {
        chance.mockRestore();
      }
    }
    if (SEEDS >= 100) expect(served).toBeGreaterThan(4_000);
  },
  120_000,
);

/** @returns how many were served. */
async function runStory(seed: number, canWake: boolean): Promise<number> {
  const random = seeded(seed);
  const upTo = (most: number): number => Math.floor(random() * most);
  const max = 1 + upTo(4);
  const limits = { max, acquireTimeoutMs: 400, idleMs: 200, maxUses: 20, validateAfterMs: 50 };
  const kit = fakeIsolate({ ...limits, canWake }, (source) => {
    source.opens = Array.from({ length: 300 }, () => {
      const way = random();
      if (way < 0.1) return new DbError("CONNECT_FAILED", "down", { adapter: "fake" }, { retryable: true });
      return way < 0.6 ? "now" : upTo(20);
    });
    source.validate = async () => {
      if (random() < 0.5) await new Promise<void>((resolve) => kit.clock.setTimeout(resolve, upTo(20)));
      return random() < 0.8;
    };
    source.closes = 3;
  });
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => kit.clock.setTimeout(resolve, ms));
  const lent = new Set<unknown>();
  const visit = async (): Promise<number> => {
    await sleep(upTo(1_000));
    const controller = new AbortController();
    if (random() < 0.2) kit.clock.setTimeout(() => controller.abort("left"), upTo(100));
    try {
      const lease = await kit.pool.acquire({ signal: controller.signal, usePool: random() < 0.9 });
      expect([lease.connection.state, lent.has(lease.connection)]).toEqual(["open", false]);
      expect(kit.source.live).toBeLessThanOrEqual(max);
      lent.add(lease.connection);
      await sleep(upTo(20));
      lent.delete(lease.connection);
      const how = random();
      if (how < 0.05) kit.pool.invalidate();
      lease.release({ broken: how > 0.95, dirty: how > 0.9 });
      return 1;
    } catch (error) {
      if (error !== "left" && !isDbError(error, "POOL_TIMEOUT")) throw error;
      return 0;
    }
  };
  const visits = Promise.all(Array.from({ length: 100 }, visit));
  await kit.clock.advance(3_000);
  const served = await visits;
  await checkEnd(kit);
  return served.reduce((sum, count) => sum + count);
}

async function checkEnd(kit: FakeIsolate): Promise<void> {
  // Everybody can be served again, when the pause after the last failure is over.
  await kit.clock.advance(2_000);
  const again = kit.pool.acquire({ timeoutMs: 5_000 });
  await kit.clock.advance(5_000);
  (await again).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  const { opened, closed } = kit.pool.stats();
  expect(Object.values(closed).reduce((sum, count) => sum + count)).toBe(opened);
}
