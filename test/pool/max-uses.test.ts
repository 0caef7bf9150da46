import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a connection is closed after maxUses leases", async () => {
  const kit = fakePool({ maxUses: 2 });
  for (let use = 0; use < 5; use++) await kit.pool.use(() => undefined);
  expect(kit.source.log).toEqual(["open 1", "close 1", "open 2", "close 2", "open 3"]);
  expect(kit.pool.stats().closed.uses).toBe(2);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
