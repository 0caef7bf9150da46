import { expect, test } from "vitest";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("events tell what happens to a connection, in order", async () => {
  const kit = fakePool({ max: 1 });
  const owner = { id: 1, parent: undefined };
  const lease = await kit.pool.acquire({ owner });
  const waiting = kit.pool.acquire();
  await kit.clock.advance(5);
  lease.release();
  (await waiting).release({ broken: true });
  expect(kit.events).toEqual([
    { type: "wait", owner, waiting: 1 },
    { type: "open", connection: 1, durationMs: 0 },
    { type: "acquire", connection: 1, owner, waitedMs: 0 },
    { type: "wait", owner: undefined, waiting: 1 },
    { type: "release", connection: 1, owner },
    { type: "acquire", connection: 1, owner: undefined, waitedMs: 5 },
    { type: "release", connection: 1, owner: undefined },
    { type: "close", connection: 1, reason: "broken" },
  ]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("how long an open took is told, whenever it began", async () => {
  const kit = fakePool({}, (source) => (source.opens = ["now", 20]));
  const first = await kit.pool.acquire();
  await kit.clock.advance(100);
  const second = kit.pool.acquire();
  await kit.clock.advance(20);
  expect(kit.events.filter(({ type }) => type === "open")).toMatchObject([{ durationMs: 0 }, { durationMs: 20 }]);
  for (const lease of [first, await second]) lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a listener that throws cannot stop the pool", async () => {
  const kit = fakePool({
    max: 1,
    onEvent: () => {
      throw new Error("listener");
    },
  });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  lease.release({ broken: true });
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a listener may use the pool that tells it", async () => {
  const seen: number[] = [];
  const kit: FakePool = fakePool({
    max: 2,
    onEvent: ({ type }) => {
      const lease = type === "release" || type === "close" ? kit.pool.tryAcquire() : undefined;
      if (lease) seen.push(lease.id);
      if (seen.length < 5) lease?.release();
    },
  });
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  for (const lease of leases) lease.release();
  expect(kit.pool.stats().open).toBe(2);
});

test("a failing open or close is told", async () => {
  const [down, stuck] = [new Error("down"), new Error("stuck")];
  const kit = fakePool({}, (source) => {
    source.opens = [down, "now"];
    source.closes = stuck;
  });
  const waiting = kit.pool.acquire();
  await kit.clock.advance(100);
  (await waiting).release({ dirty: true });
  await kit.clock.advance(0);
  expect(kit.events.filter(({ type }) => type === "error")).toEqual([
    { type: "error", error: down, during: "open" },
    { type: "error", error: stuck, during: "close" },
  ]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
