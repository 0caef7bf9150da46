import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("beyond maxWaiting a caller is refused at once", async () => {
  const kit = fakePool({ max: 1, maxWaiting: 2 });
  const lease = await kit.pool.acquire();
  const waiting = [kit.pool.acquire(), kit.pool.acquire()];
  await expect(kit.pool.acquire()).rejects.toMatchObject({
    code: "POOL_FULL",
    retryable: true,
    details: { maxWaiting: 2 },
    message: expect.stringMatching(/^POOL_FULL: 2 wait already \(max 1, busy 1, waiting 2\)\. .*maxWaiting/) as string,
  });
  lease.release();
  for (const each of waiting) (await each).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("with maxWaiting 0 nobody waits for another, but a connection is still opened for whom there is room", async () => {
  const kit = fakePool({ max: 2, maxWaiting: 0 }, (source) => (source.opens = [10]));
  const leases = [kit.pool.acquire(), kit.pool.acquire()];
  await expect(kit.pool.acquire()).rejects.toThrow("POOL_FULL");
  await kit.clock.advance(30);
  for (const lease of leases) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
