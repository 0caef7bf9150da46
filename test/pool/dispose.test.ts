import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { fakePool } from "../kit/fake-source.ts";

test("dispose rejects those who wait, lets leases finish, and closes each connection once", async () => {
  const kit = fakePool({ max: 2 });
  const [first, second] = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  const waiting = kit.pool.acquire();
  second.release();
  (await waiting).release();
  const next = [kit.pool.acquire(), kit.pool.acquire()];
  const lease = await next[0]!;
  let isDone = false;
  const done = kit.pool.dispose().then(() => (isDone = true));
  await expect(next[1]).rejects.toMatchObject({ code: "POOL_CLOSED", retryable: false, details: { pool: "pool" } });
  await expect(kit.pool.acquire()).rejects.toThrow(/^POOL_CLOSED: "pool" was disposed \(.*\)\. Make a new one\.$/);
  expect(kit.pool.tryAcquire()).toBeUndefined();
  first.release();
  await settle();
  expect(isDone).toBe(false);
  lease.release();
  await done;
  expect(kit.source.log).toEqual(["open 1", "open 2", "close 1", "close 2"]);
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { disposed: 2 } });
  expect(kit.clock.timers).toBe(0);
});

test("dispose waits for leases no longer than timeoutMs; they are closed at their release", async () => {
  const kit = fakePool();
  const lease = await kit.pool.acquire();
  const done = kit.pool.dispose({ timeoutMs: 100 });
  await kit.clock.advance(100);
  await done;
  expect(kit.source.live).toBe(1);
  lease.release();
  await settle();
  expect(kit.source.live).toBe(0);
  expect(kit.clock.timers).toBe(0);
});

test("dispose waits for closes under way", async () => {
  const kit = fakePool({}, (source) => (source.closes = 30));
  (await kit.pool.acquire()).release();
  let isDone = false;
  const done = kit.pool.dispose().then(() => (isDone = true));
  await kit.clock.advance(29);
  expect(isDone).toBe(false);
  await kit.clock.advance(1);
  await done;
  expect(kit.clock.timers).toBe(0);
});

test("dispose aborts opens and validations under way; what arrives later is closed", async () => {
  const kit = fakePool({ max: 2 }, (source) => {
    source.opens = ["now", 50];
    source.validate = () => new Promise(() => undefined);
  });
  (await kit.pool.acquire()).release();
  kit.clock.jump(2_000);
  const waiting = [kit.pool.acquire(), kit.pool.acquire()];
  await kit.clock.advance(10);
  expect(kit.pool.stats()).toMatchObject({ open: 1, opening: 1 });
  await Promise.all([kit.pool.dispose(), ...waiting.map((each) => expect(each).rejects.toThrow("POOL_CLOSED"))]);
  expect(kit.source.signals[1]!.aborted).toBe(true);
  await kit.clock.advance(100);
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2", "close 2"]);
  expect([kit.source.live, kit.clock.timers]).toEqual([0, 0]);
});

test("a close that was under way before is waited for", async () => {
  const kit = fakePool({}, (source) => (source.closes = 100));
  (await kit.pool.acquire()).release({ dirty: true });
  let isDisposed = false;
  const disposed = kit.pool.dispose().then(() => (isDisposed = true));
  await kit.clock.advance(99);
  expect(isDisposed).toBe(false);
  await kit.clock.advance(1);
  await disposed;
  expect(kit.events.filter(({ type }) => type === "error")).toEqual([]);
  expect([kit.source.live, kit.clock.timers]).toEqual([0, 0]);
});

test("dispose may be called again, while the first is under way and after it", async () => {
  const kit = fakePool();
  const lease = await kit.pool.acquire();
  const both = [kit.pool.dispose(), kit.pool.dispose()];
  lease.release();
  await Promise.all(both);
  await kit.pool.dispose();
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  expect(kit.clock.timers).toBe(0);
});

test("a pool that was never used is disposed of without opening anything", async () => {
  const kit = fakePool();
  await kit.pool.dispose();
  expect([kit.source.log, kit.clock.timersSet]).toEqual([[], 0]);
});

// FOUND: the time of the last caller was everybody's.
test.each([
  ["first", [100, undefined]],
  ["second", [undefined, 100]],
  ["first", [100, 5_000]],
  ["second", [5_000, 100]],
])(
  "of two dispose(), the %s waits no longer than its own timeoutMs, and the other for all of its time",
  async (who, times) => {
    const kit = fakePool();
    const lease = await kit.pool.acquire();
    const done: string[] = [];
    const both = times.map((timeoutMs, index) =>
      kit.pool.dispose({ timeoutMs }).then(() => done.push(index === 0 ? "first" : "second")),
    );
    await kit.clock.advance(99);
    expect(done).toEqual([]);
    await kit.clock.advance(1);
    expect(done).toEqual([who]);
    lease.release();
    await Promise.all(both);
    expect(kit.clock.timers).toBe(0);
  },
);
