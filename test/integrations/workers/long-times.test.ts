// setTimeout() takes 2^31 - 1 ms at most; what is longer, Infinity too, fires at once in every runtime.

import { describe, expect, test } from "vitest";
import { fakeContexts } from "./contexts.ts";
import { fakeIsolate, leftovers, NOTHING_LEFT, take } from "./isolate.ts";

describe.each([Infinity, 2 ** 31, 2 ** 40])("%d ms is a long time:", (ms) => {
  test("the wait for a connection, to open, to be asked and to be closed", async () => {
    const times = { acquireTimeoutMs: ms, openTimeoutMs: ms, idleMs: ms, maxLifetimeMs: ms, leakMs: ms };
    const kit = fakeIsolate({ max: 1, validateAfterMs: 0, ...times }, (source) => {
      source.opens = [30];
      source.closes = 30;
      source.validate = () => new Promise((resolve) => kit.clock.setTimeout(() => resolve(true), 30));
    });
    (await take(kit, 100)).release();
    const lease = await take(kit, 100);
    expect(lease.id).toBe(1);
    lease.release({ dirty: true });
    await kit.clock.advance(100);
    expect(kit.events.filter(({ type }) => type === "error" || type === "leak")).toEqual([]);
    expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
  });

  test("that a socket may be idle", async () => {
    const { pool, source, clock } = fakeContexts({ idleMs: ms });
    (await pool.acquire()).release();
    await clock.advance(60_000);
    expect(source.live).toBe(1);
    await pool.leave();
    expect([source.live, clock.allTimers]).toEqual([0, 0]);
  });
});
