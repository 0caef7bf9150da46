import { expect, onTestFinished, test, vi } from "vitest";
import type { WaitUntil } from "../../../src/contract/runtime.ts";
import { markEvent } from "../../../src/integrations/workers/running-events.ts";
import { type FakeContexts, fakeContexts, leftovers, NOTHING_LEFT } from "./contexts.ts";

/** How many contexts were asked for each acquire, with so many others around that hold a socket. */
async function askedAmong(count: number, kit: FakeContexts, toEvent?: () => WaitUntil): Promise<number[]> {
  const held = [];
  const asked: number[] = [];
  for (let context = 1; context <= count; context++) {
    kit.enter(context);
    const waitUntil = toEvent?.();
    const before = kit.asked();
    const acquiring = kit.pool.acquire({ waitUntil });
    asked.push(kit.asked() - before);
    held.push({ context, waitUntil, lease: await acquiring });
  }
  for (const { context, lease, waitUntil } of held) {
    kit.enter(context);
    lease.release();
    await kit.pool.leave(waitUntil);
    await kit.clock.advance(20);
  }
  return asked;
}

test("to acquire asks no more contexts among thousands than among a hundred", async () => {
  const kit = fakeContexts();
  const asked = await askedAmong(4_000, kit);
  expect(Math.max(...asked.slice(100))).toBeLessThanOrEqual(asked[100]!);
  expect(asked[100]).toBeLessThan(70);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a handler of withSession() asks one context at most", async () => {
  const kit = fakeContexts();
  const toEvent = (): WaitUntil => {
    const keep: WaitUntil = () => undefined;
    markEvent(keep);
    return keep;
  };
  const asked = await askedAmong(4_000, kit, toEvent);
  expect(Math.max(...asked)).toBe(1);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the sockets of an event are kept between its sessions, and closed when it leaves", async () => {
  const kit = fakeContexts();
  const keep: WaitUntil = () => undefined;
  markEvent(keep);
  kit.enter(1);
  (await kit.pool.acquire()).release();
  kit.enter(2);
  const first = await kit.pool.acquire({ waitUntil: keep });
  first.release();
  await kit.clock.advance(5_000);
  // A session of the same request that does not know its event has the same socket.
  const other = kit.pool.tryAcquire()!;
  expect(other.connection).toBe(first.connection);
  other.release();
  await kit.pool.leave(keep);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a request's socket waits a moment for its next session, and is closed then", async () => {
  const kit = fakeContexts();
  (await kit.pool.acquire()).release();
  kit.enter(1);
  const lease = await kit.pool.acquire();
  lease.release();
  await kit.clock.advance(5);
  const again = kit.pool.tryAcquire()!;
  expect(again.connection).toBe(lease.connection);
  again.release();
  await kit.clock.advance(9);
  expect(kit.source.live).toBe(2);
  await kit.clock.advance(1);
  expect(kit.source.log).toEqual(["open 1", "open 2", "close 2"]);
  // The first could not know whether it was a Durable Object: it waits longer, and no more than a second.
  await kit.clock.advance(1_000);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a Durable Object keeps its sockets for as long as they may be idle, once it is known to be one", async () => {
  const kit = fakeContexts({ idleMs: 5_000 });
  kit.isObject = true;
  (await kit.pool.acquire()).release();
  kit.enter(1);
  const lease = await kit.pool.acquire();
  lease.release();
  await kit.clock.advance(4_000);
  const again = kit.pool.tryAcquire()!;
  expect(again.connection).toBe(lease.connection);
  again.release();
  await kit.clock.advance(5_000);
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("alone in its isolate, it is taken for one when it is older than any request, or when `idleMs` was set", async () => {
  for (const options of [{}, { idleMs: 5_000 }]) {
    const kit = fakeContexts(options);
    kit.isObject = true;
    const idleMs = options.idleMs ?? 30_000;
    if (!options.idleMs) {
      (await kit.pool.acquire()).release();
      const held = await kit.pool.acquire();
      await kit.clock.advance(31_000);
      held.release();
    }
    (await kit.pool.acquire()).release();
    await kit.clock.advance(idleMs - 1_000);
    expect(kit.source.live).toBeGreaterThan(0);
    await kit.clock.advance(2_000);
    expect(leftovers(kit)).toEqual(NOTHING_LEFT);
  }
});

test("a context that lives for a day is asked some hundred times whether it does, however often the counts are read", async () => {
  const kit = fakeContexts({ idleMs: 3_600_000 });
  const lease = await kit.pool.acquire();
  const asking = vi.spyOn(Promise.prototype, "catch");
  onTestFinished(() => asking.mockRestore());
  for (let minute = 0; minute < 1_440; minute++) {
    await kit.clock.advance(60_000);
    expect(kit.pool.stats().busy).toBe(1);
  }
  const { length } = asking.mock.calls;
  expect(length).toBeGreaterThan(50);
  expect(length).toBeLessThan(200);
  lease.release();
  await kit.pool.leave();
  expect(leftovers(kit)).toEqual(NOTHING_LEFT);
});
