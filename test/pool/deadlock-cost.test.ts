// Promise: the search for deadlocks costs a wait nothing that grows with others who wait.

import { expect, test } from "vitest";
import { processorMs } from "../kit/processor-time.ts";
import type { Owner } from "../../src/contract/events.ts";
import { fakePool } from "../kit/fake-source.ts";

const owner = (id: number): Owner => ({ id, parent: undefined });

test("a line of ten thousand who hold nothing is not searched", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire({ owner: owner(0) });
  const startedAt = processorMs();
  const waiting = Array.from({ length: 10_000 }, (_, id) =>
    kit.pool.acquire({ owner: owner(id) }).catch(() => undefined),
  );
  // Searching it each time would take 50 million steps.
  expect(processorMs() - startedAt).toBeLessThan(1_000);
  const done = kit.pool.dispose();
  lease.release();
  await Promise.all([done, ...waiting]);
});

// Issue 9, R4: all waiting pools were copied and searched at each wait.
test("a wait costs the same beside three hundred pools in which others wait", async () => {
  const measure = async (tenants: number): Promise<number> => {
    const central = fakePool({ max: 5 });
    const held = [];
    for (let id = 0; id < 5; id++) held.push(await central.pool.acquire({ owner: owner(id) }));
    const kits = Array.from({ length: tenants }, () => fakePool({ max: 1 }));
    const all: Promise<unknown>[] = [];
    let id = 100;
    for (const { pool } of kits) {
      const holder = owner(++id);
      held.push(await pool.acquire({ owner: holder }));
      for (let time = 0; time < 3; time++) all.push(pool.acquire({ owner: owner(++id) }).catch(() => undefined));
    }
    const holder = owner(++id);
    const own = fakePool({ max: 1 });
    held.push(await own.pool.acquire({ owner: holder }));
    const startedAt = processorMs();
    for (let time = 0; time < 300; time++) {
      let giveUp: (reason: unknown) => void = () => undefined;
      const waiting = central.pool.acquire({ owner: holder, onWait: (end) => (giveUp = end) });
      all.push(waiting.catch(() => undefined));
      giveUp("gone");
    }
    const ms = processorMs() - startedAt;
    const disposed = [central, own, ...kits].map(({ pool }) => pool.dispose());
    for (const lease of held) lease.release();
    await Promise.all([...all, ...disposed]);
    return ms;
  };
  // The best of a few: a collection of garbage may fall into one.
  const best = async (tenants: number): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) times.push(await measure(tenants));
    return Math.min(...times);
  };
  const few = await best(10);
  const many = await best(300);
  expect(many / few, `${few} ms beside 10, ${many} ms beside 300`).toBeLessThan(3);
});
