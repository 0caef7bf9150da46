// What becomes of a connection when it comes back, and what is known of whoever has it.

import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { settle } from "../../kit/fake-clock.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT, settled, take } from "./isolate.ts";

test("one that broke and one that is dirty are closed, each for its own reason", async () => {
  const kit = fakeIsolate();
  const [broken, dirty] = [await take(kit, 10), await take(kit, 10)];
  broken.release({ broken: true });
  dirty.release({ dirty: true });
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { broken: 1, dirty: 1 } });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one of a generation that has ended is closed when it comes back, and those that are idle at once", async () => {
  const kit = fakeIsolate();
  const kept: Promise<unknown>[] = [];
  const [lent, idle] = [await take(kit, 10), await take(kit, 10)];
  idle.release();
  kit.pool.invalidate({ waitUntil: (promise) => kept.push(promise) });
  expect([kit.source.log.at(-1), kept.length]).toEqual(["close 2", 1]);
  lent.release();
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { stale: 2 } });
  const next = await take(kit, 10);
  expect(next.id).toBe(3);
  next.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one is lent maxUses times, and a lease that has ended can do nothing to the next", async () => {
  const kit = fakeIsolate({ max: 1, maxUses: 2 });
  const first = await kit.pool.acquire();
  first.release();
  const second = await kit.pool.acquire();
  expect([first.isReused, second.isReused, second.id]).toEqual([false, true, 1]);
  expect(() => first.release()).toThrow("This lease has ended already");
  expect(kit.pool.stats().busy).toBe(1);
  second.release();
  expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { uses: 1 } });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one that was lent for long is not taken to have been idle", async () => {
  const kit = fakeIsolate({ idleMs: 2_000, validateAfterMs: 1_000 }, (source) => {
    source.validate = () => expect.unreachable();
  });
  const lease = await kit.pool.acquire();
  await kit.clock.advance(5_000);
  lease.release();
  const again = await take(kit, 0);
  expect(again.id).toBe(1);
  again.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("those that are idle are taken to be expired when the clock was set back", async () => {
  const kit = fakeIsolate();
  const kept: Promise<unknown>[] = [];
  (await kit.pool.acquire({ waitUntil: (promise) => kept.push(promise) })).release();
  kept.length = 0;
  kit.clock.jump(-3_600_000);
  const lease = await take(kit, 0);
  expect([lease.id, kit.pool.stats().closed.idle]).toEqual([2, 1]);
  // Whoever had it before has nothing to do with that any more.
  expect(kept).toEqual([]);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one that is detached is the caller's own: its place is free at once, and nothing is given up on later", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 1_000 });
  const own = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await settle();
  const connection = own.detach();
  const next = await settled(kit, waiting, 0);
  expect(next).toMatchObject({ connection: { number: 2 } });
  (await waiting).release();
  await kit.clock.advance(61_000);
  expect(kit.pool.stats().closed).toMatchObject({ detached: 1, broken: 0 });
  expect(connection.state).toBe("open");
  expect(await leftovers(kit)).toEqual({ ...NOTHING_LEFT, live: 1 });
});

test("one that was given up on and is detached then is counted once, and closed", async () => {
  const kit = fakeIsolate({ max: 1 });
  const late = await kit.pool.acquire();
  await kit.clock.advance(61_000);
  expect(kit.pool.stats().open).toBe(0);
  late.detach();
  expect(kit.pool.stats().closed).toMatchObject({ broken: 1, detached: 0 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("who has one is told with it, and forgotten when it comes back", async () => {
  const kit = fakeIsolate({ max: 1, leakMs: 1_000 });
  const owner = { id: 7, parent: undefined };
  const other = { id: 8, parent: owner };
  const lease = await kit.pool.acquire({ owner, stack: "where it was asked for" });
  expect(isDbError(await settled(kit, kit.pool.acquire({ owner: other }), 0), "POOL_DEADLOCK")).toBe(true);
  await kit.clock.advance(1_500);
  kit.pool.stats();
  lease.release();
  await kit.clock.advance(5_000);
  // Idle, it is nobody's: no leak, and in nobody's way.
  kit.pool.stats();
  const next = await kit.pool.acquire({ owner: other });
  kit.pool.stats();
  next.release();
  await kit.clock.advance(5_000);
  kit.pool.stats();
  const told = kit.events.filter(({ type }) => ["acquire", "release", "leak"].includes(type));
  expect(told).toEqual([
    { type: "acquire", connection: 1, owner, waitedMs: 0 },
    { type: "leak", connection: 1, owner, heldMs: 1_500, stack: "where it was asked for" },
    { type: "release", connection: 1, owner },
    { type: "acquire", connection: 1, owner: other, waitedMs: 0 },
    { type: "release", connection: 1, owner: other },
  ]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one that is idle is in nobody's way, whoever had it last", async () => {
  const kit = fakeIsolate({ max: 1 });
  const owner = { id: 7, parent: undefined };
  (await kit.pool.acquire({ owner })).release();
  const lease = await take(kit, 10, { owner: { id: 8, parent: owner }, usePool: false });
  expect(lease.id).toBe(2);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a circle of waiters over two pools is a deadlock, and none when one of them can go on", async () => {
  const [one, two] = [fakeIsolate({ max: 1 }), fakeIsolate({ max: 1 })];
  const [a, b] = [
    { id: 1, parent: undefined },
    { id: 2, parent: undefined },
  ];
  const [first, second] = [await one.pool.acquire({ owner: a }), await two.pool.acquire({ owner: b })];
  const waiting = two.pool.acquire({ owner: a });
  await settle();
  expect(isDbError(await settled(one, one.pool.acquire({ owner: b }), 0), "POOL_DEADLOCK")).toBe(true);
  second.release();
  (await settled(two, waiting, 0).then(() => waiting)).release();
  // `a` has what it waited for: whoever waits for it now is no part of a circle.
  const next = one.pool.acquire({ owner: b });
  await settle();
  first.release();
  (await settled(one, next, 0).then(() => next)).release();
  for (const kit of [one, two]) expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
