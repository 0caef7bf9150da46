// What ConnectionPool promises of who gets which connection, told again where each request opens for itself.

import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { settle } from "../../kit/fake-clock.ts";
import { type FakeIsolate, fakeIsolate, leftovers, NOTHING_LEFT, settled, take } from "./isolate.ts";

/** When each of some promises has settled, counted from now. */
function times({ clock }: FakeIsolate, promises: readonly Promise<unknown>[]): number[] {
  const began = clock.now();
  const at = promises.map(() => Infinity);
  promises.forEach((promise, index) => void promise.then(() => (at[index] = clock.now() - began)));
  return at;
}

describe.each([
  ["that can be woken", true],
  ["that look for themselves", false],
])("waiters %s", (_, canWake) => {
  test("are served by any connection, and not only by the one that they open", async () => {
    const kit = fakeIsolate({ max: 2, canWake }, (source) => {
      source.opens = ["now", 4_000];
    });
    const first = await kit.pool.acquire();
    const opening = kit.pool.acquire();
    const behind = kit.pool.acquire();
    await kit.clock.advance(10);
    first.release();
    expect(await settled(kit, opening, 25)).toMatchObject({ connection: { number: 1 } });
    // What it has opened is for whoever is next.
    expect(await settled(kit, behind, 4_000)).toMatchObject({ connection: { number: 2 } });
    for (const lease of [await opening, await behind]) lease.release();
    expect(kit.pool.stats()).toMatchObject({ open: 2, idle: 2, opened: 2 });
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are served by one that comes back while another is asked whether it lives", async () => {
    const kit = fakeIsolate({ max: 2, canWake, validateAfterMs: 1_000 }, (source) => {
      source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), 4_000));
    });
    const [first, second] = [await take(kit, 10), await take(kit, 10)];
    first.release();
    await kit.clock.advance(1_000);
    const waiting = kit.pool.acquire();
    await kit.clock.advance(1);
    second.release();
    expect(await settled(kit, waiting, 25)).toMatchObject({ connection: { number: 2 } });
    (await waiting).release();
    await kit.clock.advance(4_000);
    expect(kit.pool.stats()).toMatchObject({ open: 2, idle: 2 });
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("ask for one each: what one of them has asked, another takes no second time", async () => {
    let asked = 0;
    const kit = fakeIsolate({ max: 3, canWake, validateAfterMs: 1_000 }, (source) => {
      source.validate = () => (asked++, new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), 200)));
    });
    const leases = [await take(kit, 10), await take(kit, 10), await take(kit, 10)];
    for (const lease of leases) lease.release();
    await kit.clock.advance(1_000);
    const two = [kit.pool.acquire(), kit.pool.acquire()];
    await kit.clock.advance(150);
    expect([asked, kit.pool.stats().idle]).toEqual([2, 1]);
    await kit.clock.advance(50);
    for (const lease of await Promise.all(two)) lease.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("take places that come free together at the same time", async () => {
    const kit = fakeIsolate({ max: 2, canWake }, (source) => {
      source.opens = ["now", "now", 50];
    });
    const leases = [await take(kit, 10), await take(kit, 10)];
    const waiting = [kit.pool.acquire(), kit.pool.acquire()];
    await kit.clock.advance(canWake ? 1 : 30);
    for (const lease of leases) lease.release({ dirty: true });
    const at = times(kit, waiting);
    await kit.clock.advance(200);
    // Opens are paced: the second one begins some milliseconds after the first.
    expect(Math.max(...at)).toBeLessThan(90);
    for (const lease of await Promise.all(waiting)) lease.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("for a fresh one close a single idle one, however long that takes", async () => {
    const kit = fakeIsolate({ max: 3, canWake }, (source) => {
      source.closes = 500;
    });
    const leases = [await take(kit, 10), await take(kit, 10), await take(kit, 10)];
    for (const lease of leases) lease.release();
    const fresh = await take(kit, 600, { usePool: false });
    expect([fresh.id, fresh.isReused]).toEqual([4, false]);
    expect(kit.pool.stats()).toMatchObject({ open: 3, idle: 2, closed: { surplus: 1 } });
    fresh.release();
    kit.source.closes = "now";
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("that open a fresh one leave what comes back to those behind them", async () => {
    const kit = fakeIsolate({ max: 2, canWake }, (source) => {
      source.opens = ["now", 1_000];
    });
    const held = await kit.pool.acquire();
    const fresh = kit.pool.acquire({ usePool: false });
    await kit.clock.advance(10);
    const behind = kit.pool.acquire();
    await kit.clock.advance(1);
    held.release();
    expect(await settled(kit, behind, 25)).toMatchObject({ connection: { number: 1 } });
    expect(await settled(kit, fresh, 1_000)).toMatchObject({ connection: { number: 2 } });
    for (const lease of [await fresh, await behind]) lease.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are served what would be surplus, before it is closed", async () => {
    const kit = fakeIsolate({ max: 2, maxIdle: 0, canWake });
    const leases = [await take(kit, 10), await take(kit, 10)];
    const waiting = [kit.pool.acquire(), kit.pool.acquire()];
    await kit.clock.advance(1);
    for (const lease of leases) lease.release();
    await kit.clock.advance(25);
    for (const lease of await Promise.all(waiting)) lease.release();
    expect(kit.source.log.slice(0, 2)).toEqual(["open 1", "open 2"]);
    expect(kit.pool.stats()).toMatchObject({ open: 0, opened: 2, closed: { surplus: 2 } });
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("that leave after all leave no surplus behind", async () => {
    const kit = fakeIsolate({ max: 1, maxIdle: 0, canWake });
    const held = await kit.pool.acquire();
    const controller = new AbortController();
    const waiting = kit.pool.acquire({ signal: controller.signal }).catch((error: unknown) => error);
    await kit.clock.advance(1);
    held.release();
    controller.abort("left");
    expect(await settled(kit, waiting, 0)).toBe("left");
    expect(kit.source.log).toEqual(["open 1", "close 1"]);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("with timeoutMs 0 get what takes no time, and nothing else", async () => {
    const kit = fakeIsolate({ max: 1, canWake }, (source) => {
      source.opens = ["now", 20];
    });
    const lease = await take(kit, 0, { timeoutMs: 0 });
    expect(isDbError(await settled(kit, kit.pool.acquire({ timeoutMs: 0 }), 0), "POOL_TIMEOUT")).toBe(true);
    lease.release({ dirty: true });
    await settle();
    expect(isDbError(await settled(kit, kit.pool.acquire({ timeoutMs: 0 }), 5), "POOL_TIMEOUT")).toBe(true);
    await kit.clock.advance(20);
    (await take(kit, 0, { timeoutMs: 0 })).release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });
});

test("a waiter opens one at a time for itself, though what it hoped for has expired", async () => {
  const kit = fakeIsolate({ max: 3, idleMs: 5, acquireTimeoutMs: 1_000, canWake: false }, (source) => {
    source.opens = ["now", "never"];
    source.validate = () => true;
  });
  const held = await kit.pool.acquire();
  const waiting = kit.pool.acquire().catch((error: unknown) => error);
  await settle();
  held.release();
  expect(isDbError(await settled(kit, waiting, 1_000), "POOL_TIMEOUT")).toBe(true);
  expect([kit.source.opensBegun, kit.pool.stats().closed.idle]).toEqual([2, 1]);
  await kit.clock.advance(15_000);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that is released beyond maxIdle is closed", async () => {
  const kit = fakeIsolate({ max: 4, maxIdle: 2 });
  const leases = [await take(kit, 10), await take(kit, 10), await take(kit, 10), await take(kit, 10)];
  for (const lease of leases) lease.release();
  expect(kit.pool.stats()).toMatchObject({ open: 2, idle: 2, closed: { surplus: 2 } });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
