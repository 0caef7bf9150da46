import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("stats tell how things stand, and what happened so far", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", "now", 10]));
  const [first, second] = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  await kit.clock.advance(100);
  const waiting = kit.pool.acquire();
  await kit.clock.advance(8);
  first.release();
  (await waiting).release({ broken: true });
  const slow = [kit.pool.acquire(), kit.pool.acquire()];
  await kit.clock.advance(1);
  expect(kit.pool.stats()).toEqual({
    max: 2,
    open: 1,
    busy: 1,
    idle: 0,
    opening: 1,
    waiting: 2,
    opened: 2,
    closed: {
      idle: 0,
      lifetime: 0,
      uses: 0,
      surplus: 0,
      invalid: 0,
      broken: 1,
      dirty: 0,
      stale: 0,
      disposed: 0,
      detached: 0,
    },
    waits: 5,
    waitedMs: 8,
  });
  second.release();
  await kit.clock.advance(10);
  for (const lease of slow) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
