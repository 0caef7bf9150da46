import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("whoever waits is served by any connection, and not by the one that was opened for them", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", 400]));
  const first = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await kit.clock.advance(10);
  first.release();
  const lease = await waiting;
  expect(lease.id).toBe(1);
  lease.release();
  await kit.clock.advance(400);
  expect(kit.pool.stats()).toMatchObject({ open: 2, idle: 2, waiting: 0 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
