import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { settle } from "../../kit/fake-clock.ts";
import { fakeIsolate, settled, take } from "./isolate.ts";

test.each([
  ["at once where they can be woken", true, 0],
  ["when they look for themselves", false, 25],
])("those in line are told %s, leases finish, and each connection is closed once", async (_, canWake, ms) => {
  const kit = fakeIsolate({ max: 1, canWake });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await kit.clock.advance(1);
  const disposed = kit.pool.dispose();
  if (!canWake) expect(await settled(kit, waiting, 0)).toBe("pending");
  const error = await settled(kit, waiting, ms);
  expect(isDbError(error, "POOL_CLOSED") && error.details.pool).toBe("pool");
  expect(isDbError(await settled(kit, kit.pool.acquire(), 0), "POOL_CLOSED")).toBe(true);
  expect(kit.pool.tryAcquire()).toBe(undefined);
  expect(await settled(kit, disposed, 100)).toBe("pending");
  lease.release();
  expect(await settled(kit, disposed, 5)).toBe(undefined);
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  expect(kit.pool.stats()).toMatchObject({ open: 0, waiting: 0, closed: { disposed: 1 } });
  expect(kit.clock.allTimers).toBe(0);
});

test("opens and validations under way are given up on, and what arrives later is closed", async () => {
  const kit = fakeIsolate({ max: 2 }, (source) => {
    source.opens = ["now", 50];
    source.validate = () => new Promise(() => undefined);
  });
  (await kit.pool.acquire()).release();
  await kit.clock.advance(2_000);
  const waiting = [kit.pool.acquire(), kit.pool.acquire()].map((each) => each.catch((error: unknown) => error));
  await kit.clock.advance(10);
  expect(kit.pool.stats()).toMatchObject({ open: 1, opening: 1 });
  const disposed = kit.pool.dispose();
  await kit.clock.advance(5);
  for (const each of waiting) expect(isDbError(await each, "POOL_CLOSED")).toBe(true);
  await disposed;
  expect(kit.source.signals[1]!.aborted).toBe(true);
  await kit.clock.advance(100);
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2", "close 2"]);
  expect([kit.source.live, kit.clock.allTimers]).toEqual([0, 0]);
});

test("it waits for leases no longer than timeoutMs; they are closed at their release", async () => {
  const kit = fakeIsolate();
  const lease = await kit.pool.acquire();
  const disposed = kit.pool.dispose({ timeoutMs: 100 });
  expect(await settled(kit, disposed, 98)).toBe("pending");
  expect(await settled(kit, disposed, 4)).toBe(undefined);
  expect(kit.source.live).toBe(1);
  lease.release();
  await settle();
  expect([kit.source.live, kit.clock.allTimers]).toEqual([0, 0]);
});

test("it waits for lost leases and for closes that were cut off no longer than anybody else", async () => {
  const kit = fakeIsolate({ openTimeoutMs: 1_000 }, (source) => {
    source.closes = "never";
  });
  const [lost, closing] = [await take(kit, 10), await take(kit, 10)];
  closing.release({ dirty: true });
  await settle();
  kit.clock.cutOff();
  const disposed = kit.pool.dispose();
  expect(await settled(kit, disposed, 59_000)).toBe("pending");
  expect(await settled(kit, disposed, 2_000)).toBe(undefined);
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { broken: 1, dirty: 1 } });
  void lost;
});
