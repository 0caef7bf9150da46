// Who has left the line holds nobody who came after him, also where the line never empties.

import { expect, test } from "vitest";
import { collect } from "../kit/collect.ts";
import { settle } from "../kit/fake-clock.ts";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";
import { ConnectionPool } from "../../src/pool/pool.ts";
import type { AcquireOptions, Lease } from "../../src/pool/lease.ts";

test("what ends a wait that is over holds none of those who waited behind it", async () => {
  const pool = new ConnectionPool({ open: () => ({}), close: () => undefined }, { max: 1 });
  let lease = await pool.acquire();
  let endFirst: unknown;
  const line: Promise<Lease<object>>[] = [pool.acquire({ onWait: (giveUp) => (endFirst = giveUp) })];
  const refs: WeakRef<AcquireOptions>[] = [];
  const join = (): void => {
    const options: AcquireOptions = { onWait: () => undefined };
    refs.push(new WeakRef(options));
    line.push(pool.acquire(options));
  };
  // There is always somebody else behind the one who is served.
  for (let turn = 0; turn < 100; turn++) {
    join();
    lease.release();
    lease = await line.shift()!;
  }
  const next = line.shift()!;
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
  // One has the connection, and one waits for it.
  expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(2);
  expect(endFirst).toBeTypeOf("function");
  lease.release();
  (await next).release();
  await pool.dispose();
  expect(pool.stats()).toMatchObject({ open: 0, busy: 0, waiting: 0 });
});

test("whoever is given up while others are told that their time is over leaves nobody behind", async () => {
  const second = new AbortController();
  const reason = new Error("given up");
  const told: string[] = [];
  const onEvent = ({ type }: { readonly type: string }): void => {
    if (type === "leak") second.abort(reason);
  };
  const kit = fakePool({ max: 1, leakMs: 100, acquireTimeoutMs: 100, onEvent });
  const lease = await kit.pool.acquire();
  const waiting = [{}, { signal: second.signal }, {}, {}].map((options, place) =>
    kit.pool.acquire(options).catch((error: { code?: string }) => void told.push(`${place} ${error.code ?? error}`)),
  );
  await kit.clock.advance(100);
  await settle();
  expect(told.toSorted()).toEqual(["0 POOL_TIMEOUT", "1 Error: given up", "2 POOL_TIMEOUT", "3 POOL_TIMEOUT"]);
  expect(kit.pool.stats()).toMatchObject({ busy: 1, waiting: 0 });
  await Promise.all(waiting);
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
