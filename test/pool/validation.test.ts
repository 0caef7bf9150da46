import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a connection idle for less than validateAfterMs is trusted", async () => {
  let asked = 0;
  const kit = fakePool({ validateAfterMs: 1_000 }, (source) => (source.validate = () => void asked++));
  (await kit.pool.acquire()).release();
  kit.clock.jump(999);
  (await kit.pool.acquire()).release();
  expect(asked).toBe(0);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the time in which it was lent does not count, however many leases took none or long", async () => {
  let asked = 0;
  const kit = fakePool({ max: 1, validateAfterMs: 1_000 }, (source) => (source.validate = () => void asked++));
  for (let use = 0; use < 10; use++) (await kit.pool.acquire()).release();
  const holdFor = async (ms: number): Promise<void> => {
    const lease = await kit.pool.acquire();
    const hasty = expect(kit.pool.acquire({ timeoutMs: 50 })).rejects.toThrow("POOL_TIMEOUT");
    await kit.clock.advance(50);
    await hasty;
    kit.clock.jump(ms - 50);
    lease.release();
  };
  await holdFor(2_000);
  const lease = await kit.pool.acquire();
  kit.clock.jump(2_000);
  lease.release();
  (await kit.pool.acquire()).release();
  expect(asked).toBe(0);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection idle for longer is asked before it is lent, and trusted again when it answers", async () => {
  const asked: number[] = [];
  const kit = fakePool({}, (source) => (source.validate = ({ number }) => void asked.push(number)));
  (await kit.pool.acquire()).release();
  kit.clock.jump(1_000);
  expect(kit.pool.tryAcquire()).toBeUndefined();
  const lease = await kit.pool.acquire();
  expect([asked, lease.id]).toEqual([[1], 1]);
  lease.release();
  (await kit.pool.acquire()).release();
  expect(asked).toEqual([1]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each([
  ["says false", () => false],
  ["throws", () => Promise.reject(new Error("gone"))],
])("a connection whose validation %s is closed unseen, and its idle siblings with it", async (_, validate) => {
  const kit = fakePool({}, (source) => (source.validate = validate));
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire(), kit.pool.acquire()]);
  for (const lease of leases) lease.release();
  kit.clock.jump(1_000);
  expect(await kit.pool.acquire()).toMatchObject({ id: 4, isReused: false });
  expect(kit.pool.stats().closed).toMatchObject({ invalid: 1, stale: 2 });
  expect(kit.source.live).toBe(1);
});

test("a validation that hangs is given up after openTimeoutMs, within the caller's own deadline", async () => {
  const signals: AbortSignal[] = [];
  const kit = fakePool({ max: 1, openTimeoutMs: 100 }, (source) => {
    source.validate = (_, { signal }) => (signals.push(signal), new Promise(() => undefined));
  });
  (await kit.pool.acquire()).release();
  kit.clock.jump(1_000);
  const hasty = expect(kit.pool.acquire({ timeoutMs: 50 })).rejects.toThrow("POOL_TIMEOUT: waited 50 ms");
  const patient = kit.pool.acquire();
  await kit.clock.advance(50);
  await hasty;
  await kit.clock.advance(50);
  expect((await patient).id).toBe(2);
  expect(signals[0]!.aborted).toBe(true);
  expect(kit.pool.stats().closed.invalid).toBe(1);
});

test("while one connection is being validated, another that comes back serves", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.validate = () => new Promise(() => undefined)));
  const [first, second] = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  first.release();
  await kit.clock.advance(2_000);
  const waiting = kit.pool.acquire();
  await kit.clock.advance(1);
  second.release();
  expect((await waiting).id).toBe(2);
});

test("two who come one after the other do not wait for each other's validation", async () => {
  const kit = fakePool({ max: 2 }, (source) => {
    source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), 50));
  });
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  for (const lease of leases) lease.release();
  kit.clock.jump(2_000);
  const waiting = [kit.pool.acquire(), kit.pool.acquire()];
  await kit.clock.advance(50);
  expect(kit.pool.stats()).toMatchObject({ busy: 2, waiting: 0 });
  for (const lease of waiting) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("not more validations are under way than callers wait", async () => {
  let asked = 0;
  const kit = fakePool({}, (source) => (source.validate = () => (asked++, new Promise(() => undefined))));
  const leases = await Promise.all(Array.from({ length: 5 }, () => kit.pool.acquire()));
  for (const lease of leases) lease.release();
  kit.clock.jump(2_000);
  void kit.pool.acquire().catch(() => undefined);
  void kit.pool.acquire().catch(() => undefined);
  await settle();
  expect(asked).toBe(2);
  expect(kit.pool.stats()).toMatchObject({ open: 5, busy: 0, idle: 3, waiting: 2 });
  await kit.pool.dispose();
  expect(kit.source.live).toBe(0);
});
