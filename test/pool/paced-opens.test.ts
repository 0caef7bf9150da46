import { describe, expect, test } from "vitest";
import { type FakePool, fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

/** Callers who each hold a connection for `workMs`. */
function burst({ pool, clock }: FakePool, callers: number, workMs: number): Promise<void[]> {
  const hold = () => new Promise<void>((resolve) => clock.setTimeout(resolve, workMs));
  return Promise.all(Array.from({ length: callers }, () => pool.use(hold)));
}

test("a burst of short work over one warm connection opens next to nothing", async () => {
  const kit = fakePool({ max: 50 }, (source) => (source.opens = [250]));
  const warm = burst(kit, 1, 1);
  await kit.clock.advance(300);
  await warm;
  const startedAt = kit.clock.now();
  let endedAt = 0;
  const done = burst(kit, 50, 1).then(() => (endedAt = kit.clock.now()));
  await kit.clock.advance(400);
  await done;
  expect(endedAt - startedAt).toBeLessThanOrEqual(60);
  expect(kit.source.opensBegun - 1).toBeLessThanOrEqual(3);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a line that truly needs more connections gets all of them within two opens", async () => {
  const kit = fakePool({ max: 10 }, (source) => (source.opens = [250]));
  const leases = Array.from({ length: 10 }, () => kit.pool.acquire());
  const under: number[] = [];
  for (let ms = 0; ms < 12; ms++) {
    await kit.clock.advance(1);
    under.push(kit.pool.stats().opening);
  }
  expect(under).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 4, 4, 4]);
  await kit.clock.advance(510);
  expect(kit.pool.stats()).toMatchObject({ open: 10, busy: 10, waiting: 0 });
  for (const lease of leases) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a server that answers is trusted with twice as many opens at each success", async () => {
  const kit = fakePool({ max: 40 }, (source) => (source.opens = [20]));
  const leases = Array.from({ length: 40 }, () => kit.pool.acquire());
  await kit.clock.advance(60);
  expect(kit.pool.stats()).toMatchObject({ open: 40, waiting: 0 });
  for (const lease of leases) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a long line that is drained slowly gets more and more connections with each open that succeeds", async () => {
  const kit = fakePool({ max: 20 }, (source) => (source.opens = ["now", 100]));
  (await kit.pool.acquire()).release();
  const done = burst(kit, 400, 4);
  const open: number[] = [];
  for (let round = 0; round < 3; round++) {
    await kit.clock.advance(102);
    open.push(kit.pool.stats().open);
  }
  expect(open).toEqual([2, 4, 12]);
  await kit.clock.advance(2_000);
  await done;
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("not more opens are under way than callers wait", async () => {
  const kit = fakePool({ max: 40 }, (source) => (source.opens = [1_000]));
  const leases = [kit.pool.acquire(), kit.pool.acquire(), kit.pool.acquire()];
  await kit.clock.advance(500);
  expect(kit.source.opensBegun).toBe(3);
  await kit.clock.advance(1_000);
  for (const lease of leases) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

describe("connections that are refused only once they are used", () => {
  const refusal = new Error("no room");
  /** Callers that come back at once, each time that they are refused. */
  async function insist({ pool }: FakePool, until: Promise<void>): Promise<void> {
    let isOver = false;
    void until.then(() => (isOver = true));
    while (!isOver) (await pool.acquire({ timeoutMs: 60_000 })).release({ broken: true, refusal });
  }

  test("are opens that have failed: the next ones come after ever longer delays", async () => {
    const kit = fakePool({ max: 10 });
    const over = new Promise<void>((resolve) => kit.clock.setTimeout(resolve, 20_000));
    const done = insist(kit, over);
    const opens: number[] = [];
    for (const ms of [100, 400, 9_500, 9_999]) {
      await kit.clock.advance(ms);
      opens.push(kit.source.opensBegun);
    }
    await kit.clock.advance(3_000);
    await done;
    const [first, second, third, fourth] = opens as [number, number, number, number];
    expect(first).toBeGreaterThanOrEqual(2);
    expect(first).toBeLessThanOrEqual(4);
    expect(second).toBeLessThanOrEqual(6);
    // Every one to two seconds.
    expect(third - second).toBeLessThanOrEqual(10);
    expect(fourth - third).toBeGreaterThanOrEqual(4);
    expect(fourth - third).toBeLessThanOrEqual(11);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are one failure where they were opened together, and none that is long past", async () => {
    const kit = fakePool({ max: 10 });
    for (let round = 0; round < 3; round++) {
      const leases = await Promise.all(Array.from({ length: 8 }, () => kit.pool.acquire()));
      for (const lease of leases) lease.release({ broken: true, refusal });
      const next = kit.pool.acquire();
      await kit.clock.advance(24);
      expect(kit.pool.stats()).toMatchObject({ open: 0, waiting: 1 });
      await kit.clock.advance(26);
      (await next).release({ broken: true });
      await kit.clock.advance(60_000);
    }
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("are the reason that those hear who wait in vain", async () => {
    const kit = fakePool({ max: 1 });
    (await kit.pool.acquire()).release({ broken: true, refusal });
    const waiting = kit.pool.acquire({ timeoutMs: 10 }).catch((error: unknown) => error);
    await kit.clock.advance(10);
    expect(await waiting).toMatchObject({ code: "POOL_TIMEOUT", cause: refusal });
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });
});
