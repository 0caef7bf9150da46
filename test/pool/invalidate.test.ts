import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("invalidate closes idle connections now and lent ones at their release", async () => {
  const kit = fakePool();
  const [first, second] = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  second.release();
  kit.pool.invalidate();
  expect(kit.source.log.slice(2)).toEqual(["close 2"]);
  first.release();
  expect(kit.source.log.slice(2)).toEqual(["close 2", "close 1"]);
  expect((await kit.pool.acquire()).id).toBe(3);
  expect(kit.pool.stats().closed.stale).toBe(2);
});

test("a lent connection of an ended generation is not handed to those who wait", async () => {
  const kit = fakePool({ max: 1 });
  const first = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  kit.pool.invalidate();
  first.release();
  expect((await waiting).id).toBe(2);
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
