import { expect, test } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a caller that waited for timeoutMs is told how long, and how things stand", async () => {
  const kit = fakePool({ max: 1, acquireTimeoutMs: 5_000 });
  const lease = await kit.pool.acquire();
  const failure = kit.pool.acquire().catch((error: unknown) => error);
  await kit.clock.advance(5_000);
  expect(String(await failure)).toBe(
    "DbError: POOL_TIMEOUT: waited 5000 ms (max 1, busy 1, waiting 1). Is a lease held too long? See the cause, if any, or raise max.",
  );
  expect(await failure).toMatchObject({
    details: { waitedMs: 5_000, max: 1, busy: 1, waiting: 1, stacks: [] },
    outcome: "not-executed",
  });
  lease.release();
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("callers with different deadlines are told each at its own", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const startedAt = kit.clock.now();
  const told: number[] = [];
  const callers = [300, 100, 200, 100, 400].map((timeoutMs) =>
    kit.pool.acquire({ timeoutMs }).catch(() => told.push(timeoutMs, kit.clock.now() - startedAt)),
  );
  const patient = kit.pool.acquire({ timeoutMs: Infinity });
  await kit.clock.advance(400);
  await Promise.all(callers);
  expect(told).toEqual([100, 100, 100, 100, 200, 200, 300, 300, 400, 400]);
  lease.release();
  (await patient).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("with timeoutMs 0 no time passes: a busy pool refuses, and what is free is lent", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire({ timeoutMs: 0 });
  const refused = expect(kit.pool.acquire({ timeoutMs: 0 })).rejects.toThrow("POOL_TIMEOUT");
  await kit.clock.advance(1);
  await refused;
  lease.release();
  (await kit.pool.acquire({ timeoutMs: 0 })).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test.each([-1, Number.NaN, "5"])("timeoutMs %s is refused, and shown", async (timeoutMs) => {
  const { pool } = fakePool();
  await expect(pool.acquire({ timeoutMs: timeoutMs as number })).rejects.toThrow(
    new TypeError(`Expected \`timeoutMs\` to be a number >= 0, got \`${timeoutMs}\``),
  );
});
