import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a connection that is released beyond maxIdle is closed", async () => {
  const kit = fakePool({ max: 10, maxIdle: 5 });
  const leases = await Promise.all(Array.from({ length: 10 }, () => kit.pool.acquire()));
  for (const lease of leases) lease.release();
  await settle();
  expect(kit.pool.stats()).toMatchObject({ open: 5, idle: 5, closed: { surplus: 5 } });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("with maxIdle 0 every connection is used once", async () => {
  const kit = fakePool({ maxIdle: 0 });
  await kit.pool.use(() => undefined);
  await kit.pool.use(() => undefined);
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2", "close 2"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a surplus connection goes to those who wait before it is closed", async () => {
  const kit = fakePool({ max: 1, maxIdle: 0 });
  const first = await kit.pool.acquire();
  const next = kit.pool.acquire();
  first.release();
  (await next).release();
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
