import { expect, test, vi } from "vitest";
import { fakePool, leftovers, NOTHING_LEFT } from "../kit/fake-source.ts";

test("a caller that gives up gets its own reason, and the place in line is free", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const controller = new AbortController();
  const reason = { why: "the user left" };
  const gone = kit.pool.acquire({ signal: controller.signal });
  const next = kit.pool.acquire();
  controller.abort(reason);
  await expect(gone).rejects.toBe(reason);
  expect(kit.pool.stats()).toMatchObject({ open: 1, busy: 1, waiting: 1 });
  lease.release();
  (await next).release();
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a signal that is aborted already takes no place, and opens nothing", async () => {
  const kit = fakePool();
  await expect(kit.pool.acquire({ signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
  (await kit.pool.acquire()).release();
  await expect(kit.pool.acquire({ signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
  expect(kit.pool.tryAcquire()).toBeDefined();
  expect(kit.pool.stats().waits).toBe(1);
});

test("a signal has one listener while its caller waits, and none afterwards", async () => {
  const kit = fakePool({ max: 1 });
  const { signal } = new AbortController();
  let listeners = 0;
  const add = vi.spyOn(signal, "addEventListener").mockImplementation(() => void listeners++);
  const remove = vi.spyOn(signal, "removeEventListener").mockImplementation(() => void listeners--);
  const lease = await kit.pool.acquire({ signal });
  expect(listeners).toBe(0);
  const served = kit.pool.acquire({ signal });
  const late = expect(kit.pool.acquire({ signal, timeoutMs: 10 })).rejects.toThrow("POOL_TIMEOUT");
  expect(listeners).toBe(2);
  lease.release();
  await kit.clock.advance(10);
  await late;
  expect(listeners).toBe(0);
  (await served).release();
  const waits = add.mock.calls.length;
  (await kit.pool.acquire({ signal })).release();
  expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([waits, waits]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a caller that gives up while a connection is opened for it leaves it to the next", async () => {
  const kit = fakePool({ max: 1 }, (source) => (source.opens = [50]));
  const controller = new AbortController();
  const gone = expect(kit.pool.acquire({ signal: controller.signal })).rejects.toBe("gone");
  await kit.clock.advance(10);
  controller.abort("gone");
  await gone;
  const next = kit.pool.acquire();
  await kit.clock.advance(40);
  (await next).release();
  expect(kit.source.log).toEqual(["open 1"]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a connection that comes back at the moment its caller gives up goes to the next", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const controller = new AbortController();
  const gone = expect(kit.pool.acquire({ signal: controller.signal })).rejects.toBe("gone");
  const next = kit.pool.acquire();
  controller.abort("gone");
  lease.release();
  await gone;
  (await next).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("who has no signal is given a function that ends the wait, if it has to wait", async () => {
  const kit = fakePool({ max: 1 });
  const given: ((reason: unknown) => void)[] = [];
  const onWait = (giveUp: (reason: unknown) => void): void => void given.push(giveUp);
  const lease = await kit.pool.acquire();
  const waiting = [kit.pool.acquire({ onWait }), kit.pool.acquire({ onWait })];
  expect(given).toHaveLength(2);
  const reason = new Error("gone");
  given[0]!(reason);
  await expect(waiting[0]).rejects.toBe(reason);
  expect(kit.pool.stats().waiting).toBe(1);
  lease.release();
  const next = await waiting[1]!;
  // Too late: it waits no more.
  given[0]!(reason);
  given[1]!(reason);
  next.release();
  expect(kit.pool.tryAcquire({ onWait })?.release()).toBeUndefined();
  expect(given).toHaveLength(2);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("a signal and such a function may be given both", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const controller = new AbortController();
  let giveUp: ((reason: unknown) => void) | undefined;
  const onWait = (end: (reason: unknown) => void): void => void (giveUp = end);
  const waiting = kit.pool.acquire({ signal: controller.signal, onWait });
  controller.abort("aborted");
  giveUp?.("given up");
  await expect(waiting).rejects.toBe("aborted");
  const other = kit.pool.acquire({ signal: new AbortController().signal, onWait });
  giveUp?.("given up");
  await expect(other).rejects.toBe("given up");
  lease.release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

// FOUND: the caller was refused and stood in line all the same, where the next release served it, and threw.
test("a signal that is none is a TypeError, and takes no place in line", async () => {
  const kit = fakePool({ max: 1 });
  const lease = await kit.pool.acquire();
  const acquiring = kit.pool.acquire({ signal: new AbortController() as unknown as AbortSignal });
  await expect(acquiring).rejects.toThrow(/^Expected `signal` to be an AbortSignal/);
  expect(kit.pool.stats()).toMatchObject({ waiting: 0, waits: 1 });
  lease.release();
  (await kit.pool.acquire()).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});
