import { expect, test } from "vitest";
import { FakeClock } from "../kit/fake-clock.ts";
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

// Issue 9, P3.
test("in a quiet process each connection is closed at its idleMs, by a timer that keeps no process alive", async () => {
  const kit = fakePool({ idleMs: 1_000 });
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire(), kit.pool.acquire()]);
  for (const lease of leases) {
    lease.release();
    await kit.clock.advance(300);
  }
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 0]);
  const open: number[] = [];
  for (let time = 0; time < 6; time++) {
    open.push(kit.pool.stats().open);
    await kit.clock.advance(100);
  }
  // It is 900 ms after the first release, 600 after the second, 300 after the third.
  await kit.clock.advance(100);
  expect(open).toEqual([3, 2, 2, 2, 1, 1]);
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { idle: 3 } });
  expect(kit.clock.allTimers).toBe(0);
});

test("the end of a lifetime closes what is idle as well, and a pool that is used again begins anew", async () => {
  const kit = fakePool({ idleMs: Infinity, maxLifetimeMs: 1_000 });
  for (let round = 0; round < 2; round++) {
    (await kit.pool.acquire()).release();
    await kit.clock.advance(890);
    expect(kit.pool.stats().open).toBe(1);
    await kit.clock.advance(110);
    expect(kit.pool.stats().open).toBe(0);
    expect(kit.clock.allTimers).toBe(0);
  }
  expect(kit.pool.stats().closed.lifetime).toBe(2);
});

test("one that is lent in the meantime is not closed, and one that came back late has all its time", async () => {
  const kit = fakePool({ idleMs: 1_000 });
  for (let use = 0; use < 10; use++) {
    const lease = await kit.pool.acquire();
    await kit.clock.advance(900);
    lease.release();
    await kit.clock.advance(900);
    expect(lease.id).toBe(1);
  }
  await kit.clock.advance(99);
  expect(kit.pool.stats().open).toBe(1);
  await kit.clock.advance(1);
  expect(kit.pool.stats().open).toBe(0);
});

test("while somebody waits, the timer keeps the process alive; when nobody does any more, it does not", async () => {
  const kit = fakePool({ max: 2 });
  const [held, idle] = [await kit.pool.acquire(), await kit.pool.acquire()];
  const waiting = kit.pool.acquire();
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 1]);
  idle.release();
  const lease = await waiting;
  expect(kit.clock.timers).toBe(0);
  lease.release();
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 0]);
  const disposed = kit.pool.dispose({ timeoutMs: 100 });
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 1]);
  held.release();
  await disposed;
  expect(kit.clock.allTimers).toBe(0);
});

test("so it does where a timer that holds no process is set for an earlier time", async () => {
  const kit = fakePool({ max: 1, leakMs: 1_000 });
  const lease = await kit.pool.acquire();
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 0]);
  const waiting = kit.pool.acquire({ timeoutMs: 5_000 });
  expect([kit.clock.allTimers, kit.clock.timers]).toEqual([1, 1]);
  lease.release();
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a clock that cannot tell which timers hold a process is a clock all the same", async () => {
  const clock = new FakeClock();
  Object.assign(clock, { ref: undefined, unref: undefined });
  const kit = fakePool({ idleMs: 1_000, runtime: clock.runtime() });
  (await kit.pool.acquire()).release();
  await clock.advance(1_000);
  expect([kit.pool.stats().open, clock.allTimers]).toEqual([0, 0]);
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
