import { expect, test, vi } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test.each([0, 3, 12, 40, 150])(
  "a server whose opens fail after %i ms sees at most 5 of them in 400 ms, however many wait",
  async (failMs) => {
    vi.spyOn(Math, "random").mockReturnValue(0.999);
    const kit = fakePool({ max: 50 });
    const down = new Error("connection refused");
    kit.source.open = () => {
      kit.source.opensBegun++;
      return new Promise((_, reject) => kit.clock.setTimeout(() => reject(down), failMs));
    };
    const failures = Array.from({ length: 200 }, () =>
      kit.pool.acquire({ timeoutMs: 400 }).catch((error: unknown) => error),
    );
    await kit.clock.advance(400);
    vi.restoreAllMocks();
    expect(kit.source.opensBegun).toBeLessThanOrEqual(5);
    for (const error of await Promise.all(failures)) {
      expect(error).toMatchObject({
        code: "POOL_TIMEOUT",
        retryable: true,
        cause: down,
        details: { waitedMs: 400, max: 50, busy: 0 },
      });
    }
    expect(kit.pool.stats()).toMatchObject({ open: 0, waiting: 0 });
  },
);

test("the delay between probes doubles, and has a limit", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const kit = fakePool({ acquireTimeoutMs: Infinity }, (source) => (source.opens = [new Error("down")]));
  const waiting = kit.pool.acquire().catch(() => undefined);
  const startedAt = kit.clock.now();
  const begun: number[] = [];
  for (let at = 0; at < 8_000; at += 10) {
    await kit.clock.advance(10);
    while (begun.length < kit.source.opensBegun) begun.push(Math.floor((kit.clock.now() - startedAt) / 50) * 50);
  }
  vi.restoreAllMocks();
  expect(begun).toEqual([0, 50, 150, 350, 750, 1_550, 3_150, 5_150, 7_150]);
  await kit.pool.dispose();
  await waiting;
});

test("a caller who comes while the server is dead waits for the next probe, and has the cause when it gives up", async () => {
  const down = new Error("down");
  const kit = fakePool({}, (source) => (source.opens = [down]));
  const first = expect(kit.pool.acquire({ timeoutMs: 10 })).rejects.toMatchObject({ cause: down });
  await kit.clock.advance(10);
  await first;
  const second = expect(kit.pool.acquire({ timeoutMs: 5 })).rejects.toMatchObject({ cause: down });
  await kit.clock.advance(5);
  await second;
  expect(kit.source.opensBegun).toBe(1);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a caller who comes when the delay is over has its open begun at once", async () => {
  const kit = fakePool({}, (source) => (source.opens = [new Error("down"), "now"]));
  const first = expect(kit.pool.acquire({ timeoutMs: 10 })).rejects.toThrow("POOL_TIMEOUT");
  await kit.clock.advance(10);
  await first;
  await kit.clock.advance(50);
  void kit.pool.acquire().then((lease) => lease.release());
  expect(kit.source.opensBegun).toBe(2);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("the server is probed again when the delay is over, also while releases serve the line", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", new Error("down"), "now"]));
  const work = (): Promise<void> => new Promise((resolve) => kit.clock.setTimeout(resolve, 2));
  const done = Promise.all(Array.from({ length: 50 }, () => kit.pool.use(work)));
  await kit.clock.advance(65);
  vi.restoreAllMocks();
  expect(kit.pool.stats().opened).toBe(2);
  await kit.clock.advance(100);
  await done;
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("an open that succeeds ends the delays, and the line is served at once", async () => {
  const down = new Error("down");
  const kit = fakePool({ max: 5 }, (source) => (source.opens = [down, down, down, "now"]));
  const leases = Array.from({ length: 5 }, () => kit.pool.acquire());
  await kit.clock.advance(400);
  expect(kit.pool.stats()).toMatchObject({ busy: 5, waiting: 0 });
  for (const lease of leases) (await lease).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a failed open is not the end for those who wait: a release serves them", async () => {
  const kit = fakePool({ max: 2 }, (source) => (source.opens = ["now", new Error("down")]));
  const first = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await kit.clock.advance(10);
  first.release();
  (await waiting).release();
  await kit.clock.advance(0);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("when all connections break at once, the server is probed before it is trusted with many opens again", async () => {
  const kit = fakePool({ max: 10 }, (source) => (source.opens = [5]));
  const leases = Array.from({ length: 10 }, () => kit.pool.acquire());
  const waiting = Array.from({ length: 20 }, () => kit.pool.acquire());
  await kit.clock.advance(100);
  expect(kit.source.opensBegun).toBe(10);
  kit.source.opens = ["never"];
  for (const lease of leases) (await lease).release({ broken: true });
  await kit.clock.advance(1);
  expect(kit.source.opensBegun - 10).toBe(1);
  await kit.clock.advance(500);
  expect(kit.source.opensBegun - 10).toBe(4);
  const gone = Promise.allSettled(waiting);
  await kit.pool.dispose();
  await gone;
});
