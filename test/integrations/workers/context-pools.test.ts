import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { type FakeContexts, fakeContexts, leftovers, NOTHING_LEFT } from "./contexts.ts";

/** A caller whose time is over before the socket is open. */
async function giveUpEarly({ pool, clock }: FakeContexts): Promise<void> {
  const waiting = pool.acquire({ timeoutMs: 20 }).catch((error: unknown) => error);
  await clock.advance(20);
  expect(isDbError(await waiting, "POOL_TIMEOUT")).toBe(true);
}

test("a socket serves its own context again, and no other", async () => {
  const kit = fakeContexts();
  const { pool, enter } = kit;
  const first = await pool.acquire();
  first.release();
  enter(1);
  expect(pool.tryAcquire()).toBe(undefined);
  const other = await pool.acquire();
  expect(other.connection.number).toBe(2);
  pool.invalidate();
  enter(0);
  const again = pool.tryAcquire()!;
  expect(again.connection).toBe(first.connection);
  again.release();
  await pool.leave();
  expect(kit.source.log).toEqual(["open 1", "open 2", "close 1"]);
  enter(1);
  other.release();
  await pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("what is lent when its request leaves is closed when it comes back", async () => {
  const kit = fakeContexts();
  const { pool, clock } = kit;
  const lease = await pool.acquire();
  await pool.leave();
  expect(kit.source.live).toBe(1);
  lease.release();
  await clock.advance(0);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a socket that opens after its request has left is closed", async () => {
  const kit = fakeContexts({}, (source) => {
    source.opens = [100];
  });
  await giveUpEarly(kit);
  await kit.pool.leave();
  await kit.clock.advance(1_000);
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a socket that nobody waits for any more is closed when it has been idle", async () => {
  const kit = fakeContexts({ idleMs: 500 }, (source) => {
    source.opens = [100];
  });
  await giveUpEarly(kit);
  await kit.clock.advance(400);
  expect(kit.source.live).toBe(1);
  await kit.clock.advance(500);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a request whose opens have failed leaves nothing behind either, though it never leaves", async () => {
  const kit = fakeContexts({ idleMs: 500 }, (source) => {
    source.opens = [new Error("down")];
  });
  await giveUpEarly(kit);
  await kit.clock.advance(10_000);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
  expect([kit.known(), kit.pool.stats().waits]).toEqual([0, 1]);
});

test("a request that has a socket for long is not taken to be gone, however short idleMs is", async () => {
  const kit = fakeContexts({ idleMs: 100, max: 1 });
  const { pool, clock, enter } = kit;
  const held = await pool.acquire();
  await clock.advance(30_000);
  enter(1);
  (await pool.acquire()).release();
  await pool.leave();
  expect(pool.stats()).toMatchObject({ open: 1, busy: 1, opened: 2 });
  enter(0);
  // `max` is that of the request: it waits for its own socket, and opens no second one.
  const waiting = pool.acquire();
  await clock.advance(10);
  held.release();
  const next = await waiting;
  expect(next.connection).toBe(held.connection);
  next.release();
  await pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a request that was cut off with a socket is forgotten", async () => {
  const kit = fakeContexts({ idleMs: 100 });
  const { pool, clock, enter } = kit;
  const lost = await pool.acquire();
  clock.cutOff();
  await clock.advance(61_000);
  enter(1);
  (await pool.acquire()).release();
  await pool.leave();
  expect(pool.stats()).toMatchObject({ open: 0, busy: 0, opened: 2 });
  expect(kit.known()).toBe(0);
  void lost;
});

test("whoever waits when its request leaves is served all the same", async () => {
  const kit = fakeContexts({}, (source) => {
    source.opens = [100];
  });
  const waiting = kit.pool.acquire();
  await kit.pool.leave();
  await kit.clock.advance(100);
  (await waiting).release();
  await kit.clock.advance(0);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("of two that are lent when their request leaves, each is closed when it comes back", async () => {
  const kit = fakeContexts();
  const leases = [await kit.pool.acquire(), await kit.pool.acquire()];
  await kit.pool.leave();
  leases[0]!.release();
  await kit.clock.advance(0);
  expect(kit.source.live).toBe(1);
  leases[1]!.release();
  await kit.clock.advance(0);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a request that goes on after it has left begins anew, while what it had is being closed", async () => {
  const kit = fakeContexts({}, (source) => {
    source.closes = 50;
  });
  const { pool, clock } = kit;
  (await pool.acquire()).release();
  const leaving = pool.leave();
  const lease = await pool.acquire();
  expect(lease.connection.number).toBe(2);
  await clock.advance(50);
  await leaving;
  expect(pool.stats()).toMatchObject({ open: 1, busy: 1, opened: 2 });
  lease.release();
  const left = pool.leave();
  await clock.advance(50);
  await left;
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a socket that is used again and again is not closed for the time between", async () => {
  const kit = fakeContexts({ idleMs: 500, max: 1 });
  const { pool, clock } = kit;
  for (const ms of [400, 10, 10, 400, 400]) {
    const lease = await pool.acquire();
    expect(lease.connection.number).toBe(1);
    await clock.advance(ms);
    lease.release();
    await clock.advance(ms);
    expect(clock.allTimers).toBe(1);
  }
  await clock.advance(100);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("to take what is idle is to be heard of", async () => {
  const kit = fakeContexts({ idleMs: 100 });
  const { pool, clock, enter } = kit;
  const first = await pool.acquire();
  await clock.advance(59_000);
  first.release();
  const held = pool.tryAcquire()!;
  await clock.advance(2_000);
  enter(1);
  (await pool.acquire()).release();
  await pool.leave();
  expect(pool.stats().busy).toBe(1);
  enter(0);
  held.release();
  await pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("what a request had that was taken to be gone, and comes back after all, is counted once", async () => {
  const kit = fakeContexts({ idleMs: 100 });
  const { pool, clock, enter } = kit;
  const late = await pool.acquire();
  await clock.advance(61_000);
  enter(1);
  (await pool.acquire()).release();
  await pool.leave();
  enter(0);
  late.release();
  await clock.advance(1_000);
  expect([kit.source.live, clock.allTimers]).toEqual([0, 0]);
  expect(pool.stats()).toMatchObject({ open: 0, opened: 2 });
});

test("a request opens six sockets at most, whatever max says", async () => {
  const kit = fakeContexts({ max: 20, acquireTimeoutMs: 50 });
  const acquiring = Array.from({ length: 10 }, () => kit.pool.acquire().catch((error: unknown) => error));
  await kit.clock.advance(50);
  expect(kit.pool.stats()).toMatchObject({ max: 6, open: 6, busy: 6 });
  expect(kit.events.filter(({ type }) => type === "open")).toHaveLength(6);
  for (const lease of await Promise.all(acquiring))
    if (!(lease instanceof Error)) (lease as Disposable)[Symbol.dispose]();
  await kit.pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a pool that was disposed of lends nothing, and waits for what is lent no longer than it should", async () => {
  const kit = fakeContexts();
  const { pool, clock } = kit;
  const lease = await pool.acquire();
  let isDisposed = false;
  const disposed = pool.dispose({ timeoutMs: 50 }).then(() => (isDisposed = true));
  await clock.advance(49);
  expect(isDisposed).toBe(false);
  await clock.advance(1);
  await disposed;
  const error: unknown = await pool.acquire().catch((reason: unknown) => reason);
  expect(isDbError(error, "POOL_CLOSED")).toBe(true);
  lease.release();
  await clock.advance(0);
  expect([kit.source.live, clock.allTimers]).toEqual([0, 0]);
});

test("a close keeps the request alive: a statement may have to be cancelled first", async () => {
  const kit = fakeContexts({}, (source) => {
    source.closes = 50;
  });
  const kept: Promise<unknown>[] = [];
  const lease = await kit.pool.acquire({ waitUntil: (promise) => void kept.push(promise) });
  expect(kept).toEqual([]);
  lease.release({ broken: true });
  expect(kept).toHaveLength(1);
  let isOver = false;
  void kept[0]!.then(() => (isOver = true));
  await kit.clock.advance(49);
  expect(isOver).toBe(false);
  await kit.clock.advance(1);
  expect(isOver).toBe(true);
  await kit.pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});
