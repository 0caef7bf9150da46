import { expect, test } from "vitest";
import { ConnectionPool } from "../../src/pool/pool.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("no more connections are open than max, however many callers there are", async () => {
  const kit = fakePool({ max: 3 }, (source) => (source.opens = [5]));
  let most = 0;
  const work = Array.from({ length: 50 }, () =>
    kit.pool.use(async () => {
      most = Math.max(most, kit.source.live);
      await new Promise<void>((resolve) => kit.clock.setTimeout(resolve, 3));
    }),
  );
  await kit.clock.advance(500);
  await Promise.all(work);
  expect(most).toBe(3);
  expect(kit.source.opensBegun).toBe(3);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that is being closed still takes its place", async () => {
  const kit = fakePool({ max: 1 }, (source) => (source.closes = 20));
  (await kit.pool.acquire()).release({ broken: true });
  const next = kit.pool.acquire();
  await kit.clock.advance(19);
  expect(kit.source.log).toEqual(["open 1", "close 1"]);
  await kit.clock.advance(1);
  (await next).release();
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2"]);
  kit.source.closes = "now";
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a close that never ends frees its place after openTimeoutMs", async () => {
  const kit = fakePool({ max: 1, openTimeoutMs: 100 }, (source) => (source.closes = "never"));
  (await kit.pool.acquire()).release({ dirty: true });
  const next = kit.pool.acquire();
  await kit.clock.advance(100);
  kit.source.closes = "now";
  (await next).release();
  expect(kit.events).toContainEqual(expect.objectContaining({ type: "error", during: "close" }));
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the runtime says how many are open at most, unless max does", () => {
  const { clock, source } = fakePool();
  const runtime = clock.runtime(5);
  expect(new ConnectionPool(source, { runtime }).stats().max).toBe(5);
  expect(new ConnectionPool(source, { runtime, max: 2 }).stats().max).toBe(2);
  expect(new ConnectionPool(source).stats().max).toBe(10);
});
