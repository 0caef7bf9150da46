import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import type { Owner } from "../../src/contract/events.ts";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a lease held for leakMs is reported once, with the stack of its acquire", async () => {
  const kit = fakePool({ leakMs: 1_000, stacks: true });
  const owner = { id: 7, parent: undefined };
  const lease = await acquireSomewhere(kit, owner);
  const brief = await kit.pool.acquire();
  await kit.clock.advance(500);
  brief.release();
  await kit.clock.advance(5_000);
  const leaks = kit.events.filter(({ type }) => type === "leak");
  expect(leaks).toEqual([
    { type: "leak", connection: 1, owner, heldMs: 1_000, stack: expect.stringContaining("acquireSomewhere") as string },
  ]);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the next lease of the same connection is reported anew", async () => {
  const kit = fakePool({ leakMs: 100 });
  for (let use = 0; use < 2; use++) {
    const lease = await kit.pool.acquire();
    await kit.clock.advance(150);
    lease.release();
  }
  expect(kit.events.filter(({ type }) => type === "leak")).toMatchObject([
    { heldMs: 100, stack: undefined },
    { heldMs: 100 },
  ]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a lease handed from one to the next is reported for as long as the last one had it", async () => {
  const kit = fakePool({ max: 1, leakMs: 1_000 });
  (await kit.pool.acquire()).release();
  const first = await kit.pool.acquire();
  const second = kit.pool.acquire();
  kit.clock.jump(500);
  first.release();
  const lease = await second;
  await kit.clock.advance(999);
  expect(kit.events.filter(({ type }) => type === "leak")).toEqual([]);
  await kit.clock.advance(1);
  expect(kit.events.filter(({ type }) => type === "leak")).toMatchObject([{ heldMs: 1_000 }]);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a leak that nobody listens for disturbs nothing", async () => {
  const kit = fakePool({ leakMs: 1_000, onEvent: undefined });
  const lease = await kit.pool.acquire();
  await kit.clock.advance(1_000);
  lease.release();
  (await kit.pool.acquire()).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the timer for leaks runs only while something is lent, and not at all with leakMs 0", async () => {
  const forever = { idleMs: Infinity, maxLifetimeMs: Infinity };
  const watched = fakePool({ leakMs: 1_000, ...forever });
  const lease = await watched.pool.acquire();
  await settle();
  expect([watched.clock.allTimers, watched.clock.timers]).toEqual([1, 0]);
  lease.release();
  expect(watched.clock.allTimers).toBe(0);
  const unwatched = fakePool(forever);
  const other = await unwatched.pool.acquire();
  await settle();
  expect(unwatched.clock.allTimers).toBe(0);
  other.release();
});

test("no stack is taken unless stacks are asked for", async () => {
  const { pool } = fakePool({ leakMs: 1_000 });
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!;
  let stacks = 0;
  // V8 reads the limit whenever it takes a stack.
  Object.defineProperty(Error, "stackTraceLimit", { configurable: true, writable: true, value: 0 });
  const { Error: Original } = globalThis;
  globalThis.Error = new Proxy(Original, {
    construct: (target, args) => (stacks++, Reflect.construct(target, args) as Error),
  });
  (await pool.acquire()).release();
  (await pool.acquire()).release();
  globalThis.Error = Original;
  Object.defineProperty(Error, "stackTraceLimit", limit);
  expect(stacks).toBe(0);
});

function acquireSomewhere({ pool }: FakePool, owner: Owner) {
  return pool.acquire({ owner });
}
