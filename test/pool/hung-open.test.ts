// Issue 9, P7: an open that hangs keeps its place no longer than one round of callers waits.

import { expect, test } from "vitest";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

/** What became of a caller: when it was served, or when it gave up. */
function watched({ pool, clock }: FakePool): { readonly outcome: () => string } {
  let outcome = "waits";
  const startedAt = clock.now();
  pool.acquire().then(
    (lease) => {
      outcome = `served after ${clock.now() - startedAt} ms`;
      lease.release();
    },
    ({ code }: { code: string }) => (outcome = `${code} after ${clock.now() - startedAt} ms`),
  );
  return { outcome: () => outcome };
}

test("those who come behind the first round are served", async () => {
  const kit = fakePool({ max: 1 }, (source) => (source.opens = ["never", "now"]));
  const first = watched(kit);
  await kit.clock.advance(1_000);
  const second = watched(kit);
  await kit.clock.advance(4_100);
  expect(first.outcome()).toBe("POOL_TIMEOUT after 5000 ms");
  expect(second.outcome()).toMatch(/^served after 40\d\d ms$/);
  expect(kit.source.signals[0]!.aborted).toBe(true);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("it is the same in an old pool, in which a quick open came before", async () => {
  const kit = fakePool({ max: 1 }, (source) => (source.opens = ["now", "now", "never", "now"]));
  (await kit.pool.acquire()).release({ dirty: true });
  await kit.clock.advance(10_000);
  (await kit.pool.acquire()).release({ dirty: true });
  watched(kit);
  await kit.clock.advance(1_000);
  const second = watched(kit);
  await kit.clock.advance(4_100);
  expect(second.outcome()).toMatch(/^served after 40\d\d ms$/);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one who comes when the first round is over is served at once", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 100 }, (source) => (source.opens = ["never", "now"]));
  const first = watched(kit);
  await kit.clock.advance(150);
  expect(first.outcome()).toBe("POOL_TIMEOUT after 100 ms");
  expect(kit.source.signals[0]!.aborted).toBe(false);
  const second = watched(kit);
  await kit.clock.advance(60);
  expect(second.outcome()).toMatch(/^served after \d\d ms$/);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a server that needs longer than a caller waits is reached all the same", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 100, openTimeoutMs: 1_000 }, (source) => (source.opens = [300]));
  const callers = [];
  for (let time = 0; time < 12; time++) {
    callers.push(watched(kit));
    await kit.clock.advance(50);
  }
  await kit.clock.advance(100);
  const outcomes = callers.map(({ outcome }) => outcome());
  expect(outcomes.filter((outcome) => outcome.startsWith("served")).length).toBeGreaterThan(2);
  expect(kit.source.opensBegun).toBe(2);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one that waits longer than others lets its open have its whole openTimeoutMs", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 100, openTimeoutMs: 1_000 }, (source) => (source.opens = [900]));
  const waiting = kit.pool.acquire({ timeoutMs: 5_000 });
  await kit.clock.advance(900);
  (await waiting).release();
  expect(kit.source.opensBegun).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("it is the same where there is room for more: nobody opens another for one who comes alone", async () => {
  const kit = fakePool({ max: 10 }, (source) => (source.opens = ["never", "now"]));
  const first = watched(kit);
  await kit.clock.advance(6_000);
  const second = watched(kit);
  await kit.clock.advance(100);
  expect(first.outcome()).toBe("POOL_TIMEOUT after 5000 ms");
  expect(second.outcome()).toMatch(/^served after \d\d ms$/);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("nobody waits for an open that is slow: it is kept for the next, as before", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 100, openTimeoutMs: 1_000 }, (source) => (source.opens = [400]));
  const first = watched(kit);
  await kit.clock.advance(400);
  expect(first.outcome()).toBe("POOL_TIMEOUT after 100 ms");
  expect(kit.pool.stats()).toMatchObject({ idle: 1, opened: 1 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each(["validate", "close"] as const)("a %s that hangs is in nobody's way for longer either", async (which) => {
  const kit = fakePool(
    { max: 1, acquireTimeoutMs: 100, validateAfterMs: which === "validate" ? 0 : 1_000 },
    (source) => {
      if (which === "validate") source.validate = () => new Promise(() => undefined);
      else source.closes = "never";
    },
  );
  (await kit.pool.acquire()).release({ dirty: which === "close" });
  const first = watched(kit);
  await kit.clock.advance(50);
  const second = watched(kit);
  await kit.clock.advance(130);
  expect(first.outcome()).toMatch(/after 100 ms$/);
  expect(second.outcome()).toMatch(/^served/);
  kit.source.closes = "now";
  await kit.pool.dispose({ timeoutMs: 0 });
});

test("so it is for a validation where there is room for more, and the timer is not set again and again for it", async () => {
  const kit = fakePool({ max: 10, acquireTimeoutMs: 100, validateAfterMs: 0 }, (source) => {
    source.validate = () => new Promise(() => undefined);
  });
  (await kit.pool.acquire()).release();
  const hasty = expect(kit.pool.acquire({ timeoutMs: 50 })).rejects.toThrow("POOL_TIMEOUT");
  await kit.clock.advance(51);
  await hasty;
  const next = watched(kit);
  const { timersSet } = kit.clock;
  await kit.clock.advance(48);
  expect(kit.clock.timersSet).toBe(timersSet);
  await kit.clock.advance(30);
  expect(next.outcome()).toBe("served after 49 ms");
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("with acquireTimeoutMs 0 an open is not given up before it is begun", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 0 });
  (await kit.pool.acquire()).release();
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
