import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("idle connections are taken to be expired when the clock was set back", async () => {
  const kit = fakePool();
  (await kit.pool.acquire()).release();
  kit.clock.jump(-3_600_000);
  expect((await kit.pool.acquire()).id).toBe(2);
  expect(kit.pool.stats().closed.idle).toBe(1);
});

test("those who wait do not wait longer when the clock is set back", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 100 });
  const lease = await kit.pool.acquire();
  const waiting = expect(kit.pool.acquire()).rejects.toThrow("POOL_TIMEOUT: waited 100 ms");
  await kit.clock.advance(40);
  kit.clock.setBack(3_600_000);
  await kit.clock.advance(101);
  await waiting;
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("when the clock is set back twice, every wait ends in time and no timer is left", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting: Promise<void>[] = [];
  for (let time = 0; time < 3; time++) {
    waiting.push(expect(kit.pool.acquire({ timeoutMs: 100 })).rejects.toThrow("POOL_TIMEOUT"));
    kit.clock.setBack(3_600_000);
    waiting.push(expect(kit.pool.acquire({ timeoutMs: 200 })).rejects.toThrow("POOL_TIMEOUT"));
  }
  expect(kit.clock.allTimers).toBeLessThanOrEqual(2);
  await kit.clock.advance(202);
  await Promise.all(waiting);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a clock that stood still for a while, which nothing shows, makes no wait longer", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting = expect(kit.pool.acquire({ timeoutMs: 100 })).rejects.toThrow("POOL_TIMEOUT");
  await kit.clock.advance(99);
  kit.clock.setBack(99);
  await kit.clock.advance(1);
  await waiting;
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("after a freeze those whose time has come are told, and the others go on waiting", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const short = expect(kit.pool.acquire({ timeoutMs: 50 })).rejects.toThrow("POOL_TIMEOUT");
  const long = kit.pool.acquire({ timeoutMs: 5_000 });
  kit.clock.jump(1_000);
  await kit.clock.advance(0);
  await short;
  lease.release();
  (await long).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
