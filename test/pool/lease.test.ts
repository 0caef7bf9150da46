import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("releasing twice is an error, and does nothing to whoever has the connection now", async () => {
  const kit = fakePool({ max: 1 });
  const old = await kit.pool.acquire();
  old.release();
  expect(() => old.release()).toThrow("ended already");
  const lease = await kit.pool.acquire();
  expect(() => old.release()).toThrow("ended already");
  expect(() => old.detach()).toThrow("ended already");
  expect(kit.pool.stats()).toMatchObject({ busy: 1, idle: 0 });
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a lease is released at the end of its block", async () => {
  const kit = fakePool();
  {
    using lease = await kit.pool.acquire();
    expect(lease.connection.number).toBe(1);
    expect(kit.pool.stats().busy).toBe(1);
  }
  expect(kit.pool.stats().busy).toBe(0);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("use gives what the work gives, and releases when it throws", async () => {
  const kit = fakePool();
  expect(await kit.pool.use(({ number }) => number)).toBe(1);
  const failure = new Error("work");
  await expect(kit.pool.use(() => Promise.reject(failure))).rejects.toBe(failure);
  await expect(
    kit.pool.use(() => {
      throw failure;
    }),
  ).rejects.toBe(failure);
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each(["broken", "dirty"] as const)("a %s connection is closed and never lent again", async (how) => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  lease.release({ [how]: true });
  expect((await waiting).id).toBe(2);
  (await waiting).release({ [how]: false });
  expect(kit.pool.stats().closed[how]).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a detached connection belongs to the caller, and its place is free", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  const connection = lease.detach();
  expect(() => lease.release()).toThrow("ended already");
  expect((await waiting).id).toBe(2);
  (await waiting).release();
  expect(kit.pool.stats().closed.detached).toBe(1);
  expect(kit.events).toContainEqual({ type: "close", connection: 1, reason: "detached" });
  expect(await leftovers(kit)).toMatchObject({ live: 1 });
  expect(connection).toMatchObject({ number: 1, state: "open" });
});

test("a lease tells whether its connection was lent before", async () => {
  const kit = fakePool();
  const first = await kit.pool.acquire();
  first.release();
  const second = await kit.pool.acquire();
  expect([first.isReused, second.isReused]).toEqual([false, true]);
});
