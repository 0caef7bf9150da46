import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a pool has one timer at most, and none when nobody waits and nothing is idle", async () => {
  const kit = fakePool({ max: 3, leakMs: 60_000 }, (source) => {
    source.opens = [20, new Error("down"), 20, "never", 20];
    source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), 5));
  });
  const set = kit.clock.setTimeout.bind(kit.clock);
  const own = new Set<unknown>();
  let most = 0;
  kit.clock.setTimeout = (callback, delayMs) => {
    const isOwn = new Error("who").stack!.includes("watch.ts");
    const timer = set(() => (own.delete(timer), callback()), delayMs);
    if (isOwn) own.add(timer);
    most = Math.max(most, own.size);
    return timer;
  };
  const clear = kit.clock.clearTimeout.bind(kit.clock);
  kit.clock.clearTimeout = (timer) => (own.delete(timer), clear(timer));
  expect(kit.clock.timersSet).toBe(0);
  const callers = Array.from({ length: 20 }, (_, place) =>
    kit.pool.acquire({ timeoutMs: 100 + 10 * place }).then(
      (lease) => set(() => lease.release(), 30),
      () => undefined,
    ),
  );
  await kit.clock.advance(3_000);
  await Promise.all(callers);
  kit.clock.jump(2_000);
  const late = kit.pool.acquire();
  await kit.clock.advance(20_000);
  (await late).release();
  expect(most).toBe(1);
  expect([own.size, kit.clock.timers]).toEqual([1, 0]);
  await kit.clock.advance(30_000);
  expect(kit.pool.stats().open).toBe(0);
  expect(own.size).toBe(0);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("no lease sets a timer", async () => {
  const kit = fakePool();
  (await kit.pool.acquire()).release();
  const { timersSet } = kit.clock;
  for (let use = 0; use < 100; use++) (await kit.pool.acquire()).release();
  expect(kit.clock.timersSet).toBe(timersSet);
});

test("what is done for one who waits sets no timer: that of the wait is early enough", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire({ timeoutMs: 100 });
  const { timersSet } = kit.clock;
  lease.release({ dirty: true });
  const next = await waiting;
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2"]);
  expect(kit.clock.timersSet).toBe(timersSet);
  next.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("to look again at what is waited for sets no timer anew", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire({ timeoutMs: 100 });
  const { timersSet } = kit.clock;
  for (let time = 0; time < 10; time++) kit.pool.invalidate();
  expect(kit.clock.timersSet).toBe(timersSet);
  lease.release();
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
