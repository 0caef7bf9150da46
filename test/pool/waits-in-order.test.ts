import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("those who wait are served in the order in which they came", async () => {
  const kit = fakePool({ max: 1 });
  const first = await kit.pool.acquire();
  const served: number[] = [];
  const waiting = [1, 2, 3].map(async (place) => {
    const lease = await kit.pool.acquire();
    served.push(place);
    lease.release();
  });
  expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 1, idle: 0, waiting: 3 });
  first.release();
  await Promise.all(waiting);
  expect(served).toEqual([1, 2, 3]);
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("whoever comes right after a release does not get ahead of those who wait", async () => {
  const kit = fakePool({ max: 1 });
  const first = await kit.pool.acquire();
  const served: string[] = [];
  const waiting = kit.pool.acquire().then((lease) => (served.push("waiting"), lease));
  await settle();
  first.release();
  expect(kit.pool.tryAcquire()).toBeUndefined();
  const late = kit.pool.acquire().then((lease) => (served.push("late"), lease));
  (await waiting).release();
  (await late).release();
  expect(served).toEqual(["waiting", "late"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("nobody gets ahead of one who waits for a new connection, though an old one is idle", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", 50]));
  (await kit.pool.acquire()).release();
  const fresh = kit.pool.acquire({ usePool: false });
  expect(kit.pool.stats()).toMatchObject({ idle: 1, waiting: 1 });
  expect(kit.pool.tryAcquire()).toBeUndefined();
  await kit.clock.advance(50);
  (await fresh).release();
  kit.pool.tryAcquire()!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
