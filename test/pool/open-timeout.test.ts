import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("an open that hangs is aborted after openTimeoutMs, and another is tried", async () => {
  const kit = fakePool({ openTimeoutMs: 100 }, (source) => (source.opens = ["never", "now"]));
  const waiting = kit.pool.acquire();
  await kit.clock.advance(99);
  expect(kit.source.signals[0]!.aborted).toBe(false);
  await kit.clock.advance(1);
  expect(kit.source.signals[0]!.aborted).toBe(true);
  await kit.clock.advance(50);
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("those who wait for it are told the cause by their deadline", async () => {
  const kit = fakePool({ max: 1, openTimeoutMs: 100, acquireTimeoutMs: 150 }, (source) => (source.opens = ["never"]));
  const failure = kit.pool.acquire().catch((error: unknown) => error);
  await kit.clock.advance(150);
  expect(await failure).toMatchObject({
    code: "POOL_TIMEOUT",
    cause: {
      code: "CONNECT_FAILED",
      retryable: true,
      message: expect.stringContaining("100 ms") as string,
      details: { adapter: "pool" },
    },
  });
  await kit.pool.dispose();
});

test("while an open is under way, the timer is not set again and again", async () => {
  const kit = fakePool({ openTimeoutMs: 1_000 }, (source) => (source.opens = [800]));
  const waiting = kit.pool.acquire();
  const { timersSet } = kit.clock;
  await kit.clock.advance(700);
  expect(kit.clock.timersSet).toBe(timersSet);
  await kit.clock.advance(100);
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that arrives after it was given up on is closed, and lent to nobody", async () => {
  const kit = fakePool({ max: 1, openTimeoutMs: 100 }, (source) => (source.opens = [200, "now"]));
  const waiting = kit.pool.acquire();
  await kit.clock.advance(160);
  const lease = await waiting;
  await kit.clock.advance(100);
  expect(kit.source.log).toEqual(["open 1", "open 2", "close 2"]);
  expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 1, opened: 2, closed: { stale: 1 } });
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an open for which nobody waits any more is kept for the next", async () => {
  const kit = fakePool({}, (source) => (source.opens = [50]));
  const hasty = expect(kit.pool.acquire({ timeoutMs: 10 })).rejects.toThrow("POOL_TIMEOUT");
  await kit.clock.advance(50);
  await hasty;
  expect(kit.pool.stats()).toMatchObject({ open: 1, idle: 1 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
