import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a connection that was idle for idleMs is not lent again, even after a freeze in which no timer ran", async () => {
  const kit = fakePool({ idleMs: 50 });
  (await kit.pool.acquire()).release();
  kit.clock.jump(49);
  (await kit.pool.acquire()).release();
  kit.clock.jump(50);
  expect((await kit.pool.acquire()).id).toBe(2);
  expect(kit.pool.stats()).toMatchObject({ open: 1, closed: { idle: 1 } });
});

test("connections that nobody needs any more age out while one of them is in use", async () => {
  const kit = fakePool({ max: 5, idleMs: 1_000 });
  const leases = await Promise.all(Array.from({ length: 5 }, () => kit.pool.acquire()));
  for (const lease of leases) lease.release();
  for (let time = 0; time < 12; time++) {
    await kit.clock.advance(100);
    await kit.pool.use(() => undefined);
  }
  expect(kit.pool.stats()).toMatchObject({ open: 1, closed: { idle: 4 } });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("idle time counts from the release of a long lease, not from its acquire", async () => {
  const kit = fakePool({ idleMs: 1_000 });
  const lease = await kit.pool.acquire();
  await kit.clock.advance(10_000);
  lease.release();
  await kit.clock.advance(999);
  expect((await kit.pool.acquire()).id).toBe(1);
});

test("idle time is never taken to be shorter than it is, whatever the clock does between", async () => {
  const kit = fakePool({ idleMs: 1_000 });
  for (let use = 0; use < 500; use++) {
    const lease = await kit.pool.acquire();
    const held = use % 7 === 0 ? 200 : 0;
    kit.clock.jump(held);
    const releasedAt = kit.clock.now();
    lease.release();
    kit.clock.jump(use % 3 === 0 ? 999 : 1_000);
    const next = kit.pool.tryAcquire();
    if (kit.clock.now() - releasedAt >= 1_000) expect(next).toBeUndefined();
    next?.release();
  }
});
