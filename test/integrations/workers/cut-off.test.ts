import { expect, onTestFinished, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { settle } from "../../kit/fake-clock.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT, take } from "./isolate.ts";

test("whoever was cut off in line holds up those behind for a moment, and is forgotten when its time is over", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 5_000, canWake: false });
  const held = await kit.pool.acquire();
  const gone = kit.pool.acquire();
  await settle();
  kit.clock.cutOff();
  held.release();
  const lease = await take(kit, 120);
  expect(kit.pool.stats()).toMatchObject({ busy: 1, waiting: 1 });
  lease.release();
  await kit.clock.advance(5_000);
  expect(kit.pool.stats().waiting).toBe(0);
  // Nobody is in line: whoever comes is served at once.
  expect(kit.pool.tryAcquire()?.release()).toBe(undefined);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  void gone;
});

test("an open that was cut off gives its place back when its time is over", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 60_000, openTimeoutMs: 1_000, canWake: false }, (source) => {
    source.opens = ["never", "now"];
  });
  const gone = kit.pool.acquire();
  await settle();
  kit.clock.cutOff();
  expect(kit.pool.stats().opening).toBe(1);
  (await take(kit, 6_500)).release();
  expect(kit.source.opensBegun).toBe(2);
  await kit.clock.advance(60_000);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  void gone;
});

test("a close that was cut off gives its place back when its time is over", async () => {
  const kit = fakeIsolate({ max: 1, openTimeoutMs: 1_000, canWake: false }, (source) => {
    source.closes = "never";
  });
  (await kit.pool.acquire()).release({ broken: true });
  await settle();
  kit.clock.cutOff();
  kit.source.closes = "now";
  await kit.clock.advance(6_100);
  (await take(kit, 100)).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a lease that never comes back is given up on after a minute", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 61_000 });
  const lost = await kit.pool.acquire();
  expect(kit.pool.tryAcquire()).toBe(undefined);
  const lease = await take(kit, 60_200);
  expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 1, closed: { broken: 1 } });
  lease.release();
  // It was only late: what it had was closed when it was given up, and is not closed again.
  lost.release();
  await settle();
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each([
  ["is over in time", 200, 10_000],
  ["takes more than a minute itself", 90_000, 120_000],
])(
  "a connection that was idle for a minute is nobody's lost one while it is validated, which %s",
  async (_, ms, most) => {
    const limits = { idleMs: Infinity, openTimeoutMs: most, acquireTimeoutMs: most };
    const kit = fakeIsolate({ max: 1, ...limits }, (source) => {
      source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), ms));
    });
    (await kit.pool.acquire()).release();
    await kit.clock.advance(61_000);
    const visits = [take(kit, ms + 5), kit.pool.acquire()] as const;
    const first = await visits[0];
    expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 1, idle: 0, waiting: 1, opening: 0, opened: 1 });
    first.release();
    await kit.clock.advance(0);
    const second = await visits[1];
    expect([first.id, second.id, kit.source.live]).toEqual([1, 1, 1]);
    second.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  },
);

test("a connection that was got ready for somebody who is gone is there for the next", async () => {
  let answer!: (isAlive: boolean) => void;
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 1_000, idleMs: Infinity, canWake: false }, (source) => {
    source.validate = () => new Promise((resolve) => (answer = resolve));
  });
  (await kit.pool.acquire()).release();
  await kit.clock.advance(5_000);
  const gone = kit.pool.acquire();
  await settle();
  kit.clock.cutOff();
  await kit.clock.advance(500);
  answer(true);
  await kit.clock.advance(1_000);
  expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 0, idle: 1, waiting: 0 });
  kit.pool.tryAcquire()!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  void gone;
});

test("whoever was taken to be gone, and was only late, has no part in what became somebody else's", async () => {
  let answer!: (isAlive: boolean) => void;
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 1_000, idleMs: Infinity }, (source) => {
    source.validate = () => new Promise((resolve) => (answer = resolve));
  });
  (await kit.pool.acquire()).release();
  await kit.clock.advance(5_000);
  const late = kit.pool.acquire().catch((error: unknown) => error);
  await settle();
  // The isolate is busy for long: no timer fires in time.
  kit.clock.jump(2_000);
  answer(true);
  await settle();
  const { waiting } = kit.pool.stats();
  const lease = kit.pool.tryAcquire();
  expect([waiting, lease?.id]).toEqual([0, 1]);
  await kit.clock.advance(0);
  expect(isDbError(await late, "POOL_TIMEOUT")).toBe(true);
  lease!.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an open that takes too long is given up by whoever makes it, and closed when it comes after all", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 2_500, openTimeoutMs: 1_000 }, (source) => {
    source.opens = [3_000, "never"];
  });
  const waiting = kit.pool.acquire().catch((error: unknown) => error);
  await kit.clock.advance(2_600);
  const error = await waiting;
  expect(isDbError(error, "POOL_TIMEOUT") && isDbError(error.cause, "CONNECT_FAILED")).toBe(true);
  expect(kit.source.signals[0]?.aborted).toBe(true);
  await kit.clock.advance(2_000);
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that comes too late, and whose close fails, is no error that nobody handles", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 500, openTimeoutMs: 100 }, (source) => {
    source.opens = [300, "never"];
    source.closes = new Error("the close failed");
  });
  const unhandled: unknown[] = [];
  const listen = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", listen);
  onTestFinished(() => void process.off("unhandledRejection", listen));
  const waiting = kit.pool.acquire().catch((error: unknown) => error);
  await kit.clock.advance(1_000);
  expect(isDbError(await waiting, "POOL_TIMEOUT")).toBe(true);
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  await settle();
  expect(unhandled).toEqual([]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an open whose caller has left serves the next one, and keeps its own request alive until then", async () => {
  const kit = fakeIsolate({ max: 1 }, (source) => {
    source.opens = [100];
  });
  const kept: Promise<unknown>[] = [];
  const left = kit.pool
    .acquire({ timeoutMs: 20, waitUntil: (promise) => kept.push(promise) })
    .catch((error: unknown) => error);
  await kit.clock.advance(20);
  expect(isDbError(await left, "POOL_TIMEOUT")).toBe(true);
  expect(kept).toHaveLength(1);
  const lease = await take(kit, 200);
  expect(lease.id).toBe(1);
  lease.release();
  await Promise.all(kept);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("what keeps a request alive never fails, though its open does", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 20 }, (source) => {
    source.opens = [new Error("down")];
  });
  const kept: Promise<unknown>[] = [];
  const waiting = kit.pool.acquire({ waitUntil: (promise) => kept.push(promise) }).catch((error: unknown) => error);
  await kit.clock.advance(20);
  expect(isDbError(await waiting, "POOL_TIMEOUT")).toBe(true);
  expect(kept.length).toBeGreaterThan(0);
  await Promise.all(kept);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a call is given up on by its own request first, and by others only when that is gone", async () => {
  const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 60_000, openTimeoutMs: 1_000, canWake: false }, (source) => {
    source.opens = ["never"];
  });
  const waiting = kit.pool.acquire().catch((error: unknown) => error);
  await settle();
  kit.clock.cutOff();
  kit.clock.jump(5_900);
  expect([kit.pool.stats().opening, kit.source.signals[0]!.aborted]).toEqual([1, false]);
  kit.clock.jump(200);
  expect([kit.pool.stats().opening, kit.source.signals[0]!.aborted]).toEqual([0, true]);
  kit.clock.jump(60_000);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  void waiting;
});

test("a close keeps the request alive that gave the connection back", async () => {
  const kit = fakeIsolate({ max: 1 }, (source) => {
    source.closes = 50;
  });
  const kept: Promise<unknown>[] = [];
  const lease = await kit.pool.acquire({ waitUntil: (promise) => kept.push(promise) });
  kept.length = 0;
  lease.release({ dirty: true });
  expect(kept).toHaveLength(1);
  let isOver = false;
  void kept[0]!.then(() => (isOver = true));
  await kit.clock.advance(49);
  expect(isOver).toBe(false);
  await kit.clock.advance(1);
  expect(isOver).toBe(true);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a leak is reported once", async () => {
  const kit = fakeIsolate({ max: 2, leakMs: 1_000 });
  const lease = await kit.pool.acquire();
  await kit.clock.advance(1_500);
  kit.pool.stats();
  kit.pool.stats();
  expect(kit.events.filter(({ type }) => type === "leak")).toEqual([
    { type: "leak", connection: 1, owner: undefined, heldMs: 1_500, stack: undefined },
  ]);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
