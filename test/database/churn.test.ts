// PYDAL.md, case 39.

import { expect, test } from "vitest";
import { createDatabase, pools } from "../../src/index.ts";
import { collect } from "../kit/collect.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";

const registries = (): number =>
  Object.getOwnPropertySymbols(globalThis)
    .filter(({ description }) => description?.startsWith("isopool."))
    .flatMap((symbol) => Object.values((globalThis as never)[symbol] as Record<string, { size?: number } | undefined>))
    .reduce((sum, value) => sum + (value?.size ?? 0), 0);

test("case 39: making, using and disposing 100,000 databases leaves nothing behind", async () => {
  const { factory } = new FakeAdapter({ key: "fake:churn" });
  const cycle = async (isUsed: boolean): Promise<void> => {
    const adapter = isUsed ? new FakeAdapter({ key: "fake:churn" }).factory : factory;
    const db = createDatabase("fake:db", { adapters: [adapter], afterConnection: () => undefined });
    if (isUsed) await db.session((s) => s.query("one"));
    await db.dispose();
  };
  const before = { pools: pools().size, registered: registries() };
  const rounds = async (count: number): Promise<number> => {
    for (let index = 0; index < count; index++) await cycle(index % 50 === 0);
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    return process.memoryUsage().heapUsed;
  };
  await rounds(2_000);
  const settled = await rounds(2_000);
  const grown = (await rounds(100_000)) - settled;
  expect({ pools: pools().size, registered: registries() }).toEqual(before);
  // Ten bytes a database: anything that is kept of each is larger.
  expect(grown).toBeLessThan(1_000_000);
});
