import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("the connection that came back last is lent first", async () => {
  const kit = fakePool({ max: 3 });
  const leases = [await kit.pool.acquire(), await kit.pool.acquire(), await kit.pool.acquire()];
  for (const place of [0, 2, 1]) leases[place]!.release();
  const order = [await kit.pool.acquire(), await kit.pool.acquire(), await kit.pool.acquire()];
  expect(order.map(({ id }) => id)).toEqual([2, 3, 1]);
  for (const lease of order) lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an idle connection is lent without a promise, a timer or a call into the source", async () => {
  const kit = fakePool();
  (await kit.pool.acquire()).release();
  const { timersSet } = kit.clock;
  const lease = kit.pool.tryAcquire();
  expect(lease).toMatchObject({ id: 1, isReused: true });
  lease!.release();
  expect(kit.pool.tryAcquire()).not.toBe(lease);
  expect(kit.clock.timersSet).toBe(timersSet);
  expect(kit.source.log).toEqual(["open 1"]);
});

test("an acquire that finds an idle connection resolves in one step", async () => {
  const { pool } = fakePool();
  (await pool.acquire()).release();
  const order: string[] = [];
  const acquired = pool.acquire().then(() => order.push("acquired"));
  const step = Promise.resolve().then(() => order.push("one step"));
  await Promise.all([acquired, step]);
  expect(order).toEqual(["acquired", "one step"]);
});
