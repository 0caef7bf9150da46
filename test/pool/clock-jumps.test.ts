// Issue 9, P4: deadlines hold whatever the clock does. A timer fires when its delay is over, not when the clock says so.

import { describe, expect, test } from "vitest";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

const HOUR_MS = 3_600_000;

/** How long, in time that really passes, a caller waits until it gives up. */
function waitedMs({ pool, clock }: FakePool, timeoutMs: number): { readonly ms: () => number | undefined } {
  let ms: number | undefined;
  const startedAt = clock.elapsed;
  pool.acquire({ timeoutMs }).catch(() => (ms = clock.elapsed - startedAt));
  return { ms: () => ms };
}

/** Something that makes the pool look at its clock. */
function look({ pool }: FakePool): void {
  pool.invalidate();
}

describe.each([
  ["forward", (kit: FakePool, ms: number) => kit.clock.setForward(ms)],
  ["back", (kit: FakePool, ms: number) => kit.clock.setBack(ms)],
])("when the clock is set %s", (direction, set) => {
  test.each([30, 400, 1_000, HOUR_MS])("by %i ms, a caller that comes then waits for its own time", async (jumpMs) => {
    const kit = fakePool({ max: 1 });
    const lease = await kit.pool.acquire();
    const patient = kit.pool.acquire({ timeoutMs: 60_000 }).catch(() => undefined);
    await kit.clock.advance(1_000);
    set(kit, jumpMs);
    const callers = [50, 900, 40, 5_000].map((timeoutMs) => [timeoutMs, waitedMs(kit, timeoutMs)] as const);
    for (let time = 0; time < 600; time++) {
      await kit.clock.advance(10);
      if (time % 7 === 0) look(kit);
    }
    expect(callers.map(([timeoutMs, caller]) => [timeoutMs, caller.ms()])).toEqual(
      callers.map(([timeoutMs]) => [timeoutMs, timeoutMs]),
    );
    await kit.clock.advance(60_000);
    lease.release();
    await patient;
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("one that waits already is rejected no later than its time, though others come and go", async () => {
    const kit = fakePool({ max: 1 });
    const lease = await kit.pool.acquire();
    const early = waitedMs(kit, 10_000);
    await kit.clock.advance(2_500);
    set(kit, HOUR_MS);
    await kit.clock.advance(500);
    const late = [waitedMs(kit, 50), waitedMs(kit, 20_000)];
    await kit.clock.advance(100);
    look(kit);
    await kit.clock.advance(30_000);
    // After a jump forward its time is over by the clock; a clock that was set back tells nothing, but the timer does.
    if (direction === "back") expect(early.ms()).toBe(10_000);
    else expect(early.ms()).toBeLessThanOrEqual(10_000);
    expect(late.map((caller) => caller.ms())).toEqual([50, 20_000]);
    lease.release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("an open that hangs is given up in time", async () => {
    const kit = fakePool({ openTimeoutMs: 1_000 }, (source) => (source.opens = ["never", "now"]));
    const waiting = kit.pool.acquire({ timeoutMs: 60_000 });
    await kit.clock.advance(400);
    set(kit, direction === "back" ? HOUR_MS : 300);
    look(kit);
    await kit.clock.advance(600);
    expect(kit.source.signals[0]!.aborted).toBe(true);
    await kit.clock.advance(100);
    (await waiting).release();
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("dispose() waits no longer than its time", async () => {
    const kit = fakePool();
    const lease = await kit.pool.acquire();
    let isDone = false;
    const done = kit.pool.dispose({ timeoutMs: 1_000 }).then(() => (isDone = true));
    await kit.clock.advance(400);
    set(kit, HOUR_MS);
    look(kit);
    await kit.clock.advance(600);
    expect(isDone).toBe(true);
    await done;
    lease.release();
    await kit.clock.advance(1);
    expect(kit.clock.allTimers).toBe(0);
  });
});

test("releases that leave the clock unread make no deadline late", async () => {
  let opens = 0;
  const kit = fakePool({ max: 1, acquireTimeoutMs: 60_000, openTimeoutMs: 10_000 }, (source) => {
    source.opens = ["now", "never"];
    source.closes = 5;
  });
  const use = async (ms: number, how?: { dirty: boolean }): Promise<void> => {
    const lease = await kit.pool.acquire();
    if (ms > 0) await new Promise<void>((resolve) => void kit.clock.setTimeout(resolve, ms));
    lease.release(how);
    opens++;
  };
  const holder = await kit.pool.acquire();
  void use(0);
  void use(4_000);
  void use(4_000, { dirty: true });
  const caller = waitedMs(kit, 10_500);
  await kit.clock.advance(1);
  holder.release();
  await kit.clock.advance(20_000);
  expect(opens).toBe(3);
  expect(caller.ms()).toBe(10_500);
  await kit.pool.dispose();
});

test("a lease that is long after many short ones counts as such for those that are lent beside it", async () => {
  const kit = fakePool({ idleMs: 1_000 });
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  for (let use = 0; use < 100; use++) (await kit.pool.acquire()).release();
  await kit.clock.advance(900);
  leases[0].release();
  await kit.clock.advance(999);
  expect(kit.pool.stats().idle).toBe(1);
  await kit.clock.advance(1);
  expect(kit.pool.stats().idle).toBe(0);
  leases[1].release();
  await kit.pool.dispose();
});

test("what is overdue after a jump is told at once, however many callers keep coming", async () => {
  const kit = fakePool({ max: 1, openTimeoutMs: 60_000 }, (source) => (source.opens = ["never"]));
  const first = waitedMs(kit, 1_000);
  await kit.clock.advance(5);
  kit.clock.setForward(5_000);
  const others = [];
  for (let time = 0; time < 20; time++) {
    // Of less time than what the timer was set for: it is set anew.
    others.push(waitedMs(kit, 100));
    await kit.clock.advance(0.5);
  }
  expect(first.ms()).toBeLessThan(10);
  await kit.clock.advance(1_000);
  await kit.pool.dispose();
});

test("a timer that was set before the clock was set forward leaves nothing that hangs in anybody's way for longer", async () => {
  const limits = { max: 1, acquireTimeoutMs: 100, openTimeoutMs: 1_000, idleMs: 500, validateAfterMs: 0 };
  const kit = fakePool(limits, (source) => (source.validate = () => new Promise(() => undefined)));
  (await kit.pool.acquire()).release();
  // By the clock its connection is idle for another 50 ms; the timer fires after 500.
  kit.clock.setForward(450);
  const controller = new AbortController();
  const gone = kit.pool.acquire({ timeoutMs: 60_000, signal: controller.signal }).catch(() => undefined);
  await kit.clock.advance(1);
  controller.abort();
  await gone;
  const waiting = kit.pool.acquire({ timeoutMs: 60_000 });
  await kit.clock.advance(99);
  expect(kit.pool.stats()).toMatchObject({ busy: 1, waiting: 0, closed: { invalid: 1 } });
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
