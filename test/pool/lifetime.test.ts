import { expect, test, vi } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a connection past its lifetime is replaced when it would be lent, even after a freeze", async () => {
  const kit = fakePool({ maxLifetimeMs: 1_000, idleMs: Infinity });
  (await kit.pool.acquire()).release();
  kit.clock.jump(1_000);
  const lease = await kit.pool.acquire();
  expect(lease).toMatchObject({ id: 2, isReused: false });
  lease.release();
  expect(kit.pool.stats().closed.lifetime).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection at the end of its lifetime is not handed to those who wait", async () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0);
  const kit = fakePool({ max: 1, maxLifetimeMs: 1_000 });
  const first = await kit.pool.acquire();
  random.mockRestore();
  const next = kit.pool.acquire();
  await kit.clock.advance(1_000);
  first.release();
  expect((await next).id).toBe(2);
  (await next).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("each connection lives up to a tenth less, drawn when it is opened", async () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  const kit = fakePool({ maxLifetimeMs: 1_000 });
  expect(random).not.toHaveBeenCalled();
  (await kit.pool.acquire()).release();
  expect(random).toHaveBeenCalledOnce();
  random.mockRestore();
  kit.clock.jump(949);
  expect(kit.pool.tryAcquire()?.release()).toBeUndefined();
  expect(kit.pool.stats().closed.lifetime).toBe(0);
  kit.clock.jump(1);
  expect(kit.pool.tryAcquire()).toBeUndefined();
  expect(kit.pool.stats().closed.lifetime).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
