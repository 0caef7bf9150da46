// Found by the simulation: a close that began as its connection came back had no timer of its own, where nobody waited.

import { expect, test } from "vitest";
import { fakePool } from "../kit/fake-source.ts";

test("is given up after openTimeoutMs, and dispose() ends with it, though that is before its own timeoutMs", async () => {
  const kit = fakePool({ openTimeoutMs: 100 }, (source) => (source.closes = "never"));
  const lease = await kit.pool.acquire();
  let isDone = false;
  const done = kit.pool.dispose({ timeoutMs: 1_000 }).then(() => (isDone = true));
  await kit.clock.advance(30);
  lease.release();
  await kit.clock.advance(100);
  expect(isDone).toBe(true);
  await done;
  expect(kit.clock.timers).toBe(0);
});
