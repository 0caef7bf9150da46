import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("with usePool false a connection is opened, though one is idle", async () => {
  const kit = fakePool({ max: 2 });
  (await kit.pool.acquire()).release();
  const fresh = await kit.pool.acquire({ usePool: false });
  expect(fresh).toMatchObject({ id: 2, isReused: false });
  fresh.release();
  expect(kit.pool.stats()).toMatchObject({ open: 2, idle: 2 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("without room for it, an idle connection is closed", async () => {
  const kit = fakePool({ max: 1 });
  (await kit.pool.acquire()).release();
  const fresh = await kit.pool.acquire({ usePool: false });
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2"]);
  fresh.release();
  expect(kit.pool.stats().closed.surplus).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("when all are lent, the next that comes back is closed to make room, and only that one", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", "now", 50]));
  const leases = await Promise.all([kit.pool.acquire(), kit.pool.acquire()]);
  const fresh = kit.pool.acquire({ usePool: false });
  const other = kit.pool.acquire();
  leases[0].release();
  await kit.clock.advance(10);
  leases[1].release();
  expect((await other).id).toBe(2);
  await kit.clock.advance(50);
  expect((await fresh).id).toBe(3);
  (await fresh).release();
  (await other).release();
  expect(kit.source.log).toEqual(["open 1", "open 2", "close 1", "open 3"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("one that was validated is not taken for a new one", async () => {
  const kit = fakePool({ max: 2, validateAfterMs: 0 }, (source) => {
    source.opens = ["now", 50];
    source.validate = () => true;
  });
  (await kit.pool.acquire()).release();
  const fresh = kit.pool.acquire({ usePool: false });
  const other = await kit.pool.acquire();
  expect(other.id).toBe(1);
  await kit.clock.advance(50);
  expect((await fresh).id).toBe(2);
  (await fresh).release();
  other.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("while the server is down it keeps nobody else from the connections there are", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", new Error("down")]));
  const lease = await kit.pool.acquire();
  const fresh = expect(kit.pool.acquire({ usePool: false, timeoutMs: 100 })).rejects.toThrow("POOL_TIMEOUT");
  const other = kit.pool.acquire();
  lease.release();
  (await other).release();
  await kit.clock.advance(100);
  await fresh;
  expect(kit.pool.stats()).toMatchObject({ open: 1, idle: 1 });
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
