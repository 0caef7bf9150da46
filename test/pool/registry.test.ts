import { afterEach, expect, test } from "vitest";
import { ConnectionPool } from "../../src/pool/pool.ts";
import { pools, registry } from "../../src/pool/registry.ts";
import { type FakePool, fakePool } from "../kit/fake-source.ts";

const entry = (kit: FakePool) => ({ pool: kit.pool });

afterEach(() => registry().clear());

test("POOLS and pools() show what is registered, as it is now", async () => {
  const kit = fakePool();
  registry().set("fake:one", entry(kit));
  expect(pools().get("fake:one")).toMatchObject({ open: 0 });
  await kit.pool.acquire();
  expect([...ConnectionPool.POOLS.keys()]).toEqual(["fake:one"]);
  expect(ConnectionPool.POOLS.get("fake:one")).toMatchObject({ open: 1, busy: 1 });
  registry().delete("fake:one");
  expect(ConnectionPool.POOLS.size).toBe(0);
});

test("a second copy of the package finds the same pools", () => {
  registry().set("fake:one", entry(fakePool()));
  const KEY = Symbol.for("isopool.registry.1");
  expect((globalThis as unknown as Record<symbol, unknown>)[KEY]).toBe(registry());
});
