import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { DbError, isDbError } from "../../../src/errors.ts";
import type { Lease } from "../../../src/pool/pool.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT, settled, take } from "./isolate.ts";

describe.each([
  ["that can be woken", true],
  ["that look for themselves", false],
])("waiters %s", (_, canWake) => {
  test("are served first come first served, each when there is something for it", async () => {
    const kit = fakeIsolate({ max: 1, canWake });
    const held = await kit.pool.acquire();
    const served: number[] = [];
    const visit = async (number: number): Promise<void> => {
      const lease = await kit.pool.acquire();
      served.push(number);
      kit.clock.setTimeout(() => lease.release(), 3);
    };
    const visits = Array.from({ length: 20 }, (_each, number) => visit(number));
    await kit.clock.advance(30);
    expect(served).toEqual([]);
    held.release();
    await kit.clock.advance(1_000);
    await Promise.all(visits);
    expect(served).toEqual(Array.from({ length: 20 }, (_each, number) => number));
    expect(kit.source.opensBegun).toBe(1);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("give up at once when they are told to, by the function that they were given", async () => {
    const kit = fakeIsolate({ max: 1, canWake });
    const held = await kit.pool.acquire();
    let giveUp: (reason: unknown) => void = () => undefined;
    const waiting = kit.pool.acquire({ onWait: (end) => (giveUp = end) });
    await kit.clock.advance(5);
    giveUp("gone");
    expect(await settled(kit, waiting, 0)).toBe("gone");
    expect(kit.pool.stats().waiting).toBe(0);
    held.release();
    giveUp("gone");
    (await take(kit, 0)).release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are lent none that its driver calls closed, whether idle, come back, or just opened", async () => {
    const gone = new Set<number>();
    const kit = fakeIsolate({ max: 1, canWake }, (source) => {
      source.isClosed = ({ number }) => gone.has(number);
      source.opens = ["now", "now", 5];
    });
    (await kit.pool.acquire()).release();
    gone.add(1);
    const second = await take(kit, 100);
    expect(second.id).toBe(2);
    gone.add(2);
    second.release();
    expect(kit.pool.stats()).toMatchObject({ open: 0, closed: { broken: 2 } });
    const third = kit.pool.acquire();
    await kit.clock.advance(0);
    // It dies between the end of its open and its first use.
    kit.onEvent = ({ type }) =>
      type === "open" && kit.source.connections.length === 3 && queueMicrotask(() => gone.add(3));
    await kit.clock.advance(200);
    expect((await third).id).toBe(4);
    (await third).release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("do not wait for an open that hangs, for whom it was begun being gone", async () => {
    const kit = fakeIsolate({ max: 1, canWake, acquireTimeoutMs: 500 }, (source) => (source.opens = ["never", "now"]));
    const first = kit.pool.acquire().catch((error: unknown) => error);
    await kit.clock.advance(300);
    const second = kit.pool.acquire();
    await kit.clock.advance(400);
    expect(isDbError(await first, "POOL_TIMEOUT")).toBe(true);
    (await second).release();
    expect(kit.source.signals[0]!.aborted).toBe(true);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("take several connections that come back together at the same time", async () => {
    const kit = fakeIsolate({ max: 4, canWake });
    const held = await Promise.all([1, 2, 3, 4].map(() => take(kit, 10)));
    const waiting = [1, 2, 3, 4].map(() => kit.pool.acquire());
    await kit.clock.advance(0);
    for (const lease of held) lease.release();
    await kit.clock.advance(canWake ? 0 : 25);
    expect(kit.pool.stats()).toMatchObject({ busy: 4, idle: 0, waiting: 0 });
    for (const lease of await Promise.all(waiting)) lease.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are told when their time is over, what stood in the way, and hold up nobody", async () => {
    const kit = fakeIsolate({ max: 1, acquireTimeoutMs: 200, canWake });
    const held = await kit.pool.acquire();
    const short = kit.pool.acquire({ timeoutMs: 40 }).catch((error: unknown) => error);
    const long = kit.pool.acquire().catch((error: unknown) => error);
    const error = await settled(kit, short, 40);
    expect(isDbError(error, "POOL_TIMEOUT") && error.details).toMatchObject({ waitedMs: 40, max: 1, busy: 1 });
    expect(isDbError(await settled(kit, long, 160), "POOL_TIMEOUT")).toBe(true);
    held.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("leave when their signal says so, with its reason", async () => {
    const kit = fakeIsolate({ max: 1, canWake });
    const held = await kit.pool.acquire();
    const controller = new AbortController();
    const waiting = kit.pool.acquire({ signal: controller.signal }).catch((error: unknown) => error);
    await kit.clock.advance(5);
    controller.abort("the client has gone");
    expect(await settled(kit, waiting, 0)).toBe("the client has gone");
    held.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("of a wrong password are told at once, all of them", async () => {
    const kit = fakeIsolate({ max: 2, canWake });
    const refused = new DbError("AUTH_FAILED", "no", { adapter: "fake" });
    kit.source.opens = [refused];
    const waiting = Array.from({ length: 10 }, () => kit.pool.acquire().catch((error: unknown) => error));
    expect(await settled(kit, Promise.all(waiting), 100)).toEqual(Array.from({ length: 10 }, () => refused));
    expect(kit.source.opensBegun).toBeLessThanOrEqual(2);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("for a dead server ask it seldom, and are told why they got nothing", async () => {
    const kit = fakeIsolate({ max: 5, acquireTimeoutMs: 400, canWake });
    const down = new DbError("CONNECT_FAILED", "down", { adapter: "fake" }, { retryable: true });
    kit.source.opens = [down];
    const waiting = Array.from({ length: 50 }, () => kit.pool.acquire().catch((error: unknown) => error));
    const errors = (await settled(kit, Promise.all(waiting), 500)) as DbError[];
    expect(errors.every((error) => isDbError(error, "POOL_TIMEOUT") && error.cause === down)).toBe(true);
    expect(kit.source.opensBegun).toBeLessThanOrEqual(6);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });
});

test("whoever wants a fresh connection gets one, in the place of one that is idle", async () => {
  const kit = fakeIsolate({ max: 1 });
  (await kit.pool.acquire()).release();
  const lease = (await settled(kit, kit.pool.acquire({ usePool: false }), 20)) as Lease<unknown>;
  expect(lease).toMatchObject({ id: 2, isReused: false });
  lease.release();
  expect(kit.pool.stats().closed.surplus).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that was idle for long is asked first, and replaced when it is dead", async () => {
  let isAlive = true;
  const asked: number[] = [];
  const kit = fakeIsolate({ max: 2, validateAfterMs: 100 }, (source) => {
    source.validate = ({ number }) => {
      asked.push(number);
      return isAlive;
    };
  });
  (await kit.pool.acquire()).release();
  await kit.clock.advance(99);
  (await kit.pool.acquire()).release();
  expect(asked).toEqual([]);
  await kit.clock.advance(100);
  const alive = (await settled(kit, kit.pool.acquire(), 10)) as Lease<unknown>;
  expect([alive.id, asked]).toEqual([1, [1]]);
  alive.release();
  isAlive = false;
  await kit.clock.advance(100);
  const fresh = (await settled(kit, kit.pool.acquire(), 10)) as Lease<unknown>;
  expect([fresh.id, asked]).toEqual([2, [1, 1]]);
  fresh.release();
  expect(kit.pool.stats().closed.invalid).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("to have given up already is no reason to wait, nor to take what is idle", async () => {
  const kit = fakeIsolate({ max: 1 });
  const signal = AbortSignal.abort("gone");
  const held = await kit.pool.acquire();
  const { waits } = kit.pool.stats();
  expect(await settled(kit, kit.pool.acquire({ signal }), 0)).toBe("gone");
  held.release();
  expect(kit.pool.tryAcquire({ signal })).toBe(undefined);
  expect(await settled(kit, kit.pool.acquire({ signal }), 0)).toBe("gone");
  expect(kit.pool.stats()).toMatchObject({ idle: 1, waiting: 0, waits });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("whoever gives up in the moment in which its connection is ready leaves it to the next", async () => {
  const kit = fakeIsolate({ max: 1 }, (source) => {
    source.opens = [20];
  });
  const controller = new AbortController();
  const waiting = kit.pool.acquire({ signal: controller.signal }).catch((error: unknown) => error);
  kit.onEvent = ({ type }) => {
    if (type === "open") queueMicrotask(() => controller.abort("left"));
  };
  expect(await settled(kit, waiting, 20)).toBe("left");
  expect(kit.pool.stats()).toMatchObject({ open: 1, idle: 1, busy: 0 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("waits are counted, and how long those took who were served", async () => {
  const kit = fakeIsolate({ max: 1 });
  const held = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await kit.clock.advance(30);
  held.release();
  expect(await settled(kit, waiting, 0)).not.toBe("pending");
  // The first one waited for its open, which took no time.
  expect(kit.pool.stats()).toMatchObject({ waits: 2, waitedMs: 30 });
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("nothing listens to a signal any more when its wait is over, and nothing more for every look", async () => {
  const kit = fakeIsolate({ max: 1, canWake: false });
  const { signal } = new AbortController();
  const held = await kit.pool.acquire();
  const waiting = kit.pool.acquire({ signal });
  await kit.clock.advance(500);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  held.release();
  await kit.clock.advance(25);
  (await waiting).release();
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a bug in an open is told at once", async () => {
  const kit = fakeIsolate({ max: 1 });
  const bug = new TypeError("x is not a function");
  kit.source.open = () => {
    throw bug;
  };
  expect(await settled(kit, kit.pool.acquire(), 0)).toBe(bug);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an error that no retry heals is told to whoever met it alone, while a connection can still serve the others", async () => {
  const refused = new DbError("AUTH_FAILED", "no", { adapter: "fake" });
  const kit = fakeIsolate({ max: 2 }, (source) => {
    source.opens = ["now", refused];
  });
  const held = await kit.pool.acquire();
  const first = kit.pool.acquire().catch((error: unknown) => error);
  const second = kit.pool.acquire({ timeoutMs: 4 }).catch((error: unknown) => error);
  expect(await settled(kit, first, 0)).toBe(refused);
  expect(isDbError(await settled(kit, second, 4), "POOL_TIMEOUT")).toBe(true);
  held.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
