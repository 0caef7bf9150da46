import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { settle } from "../../kit/fake-clock.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT, settled, take } from "./isolate.ts";

test("nobody joins a line that is full", async () => {
  const kit = fakeIsolate({ max: 1, maxWaiting: 1 });
  const held = await kit.pool.acquire();
  const next = kit.pool.acquire();
  await settle();
  const error = await settled(kit, kit.pool.acquire(), 0);
  expect(isDbError(error, "POOL_FULL") && error.details).toMatchObject({ max: 1, maxWaiting: 1, busy: 1, waiting: 1 });
  held.release();
  (await next).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a lease that was lost leaves its place to the next who comes, though nobody may wait", async () => {
  const kit = fakeIsolate({ max: 1, maxWaiting: 0 });
  const lost = await kit.pool.acquire();
  await kit.clock.advance(61_000);
  const lease = await take(kit, 10);
  expect(lease.id).toBe(2);
  lease.release();
  lost.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("those who were cut off in line keep nobody out for longer than their own time", async () => {
  const kit = fakeIsolate({ max: 1, maxWaiting: 1, acquireTimeoutMs: 1_000, canWake: false });
  const held = await kit.pool.acquire();
  const gone = kit.pool.acquire();
  await settle();
  kit.clock.cutOff();
  expect(isDbError(await settled(kit, kit.pool.acquire(), 0), "POOL_FULL")).toBe(true);
  await kit.clock.advance(2_000);
  const next = kit.pool.acquire();
  await settle();
  held.release();
  const lease = await settled(kit, next, 100);
  expect(lease).toBe(await next);
  (await next).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  void gone;
});
