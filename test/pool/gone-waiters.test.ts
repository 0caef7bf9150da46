// Who has left the line holds nobody who came after him, also where the line never empties.

import { expect, test } from "vitest";
import { collect } from "../kit/collect.ts";
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
});
