// Who is next, when some in line are asleep, late, or gone.

import { expect, test } from "vitest";
import { Desk } from "../../../src/integrations/workers/desk.ts";
import type { Waiter } from "../../../src/integrations/workers/queue.ts";
import { settle } from "../../kit/fake-clock.ts";
import { FakeSource } from "../../kit/fake-source.ts";
import { type FakeIsolate, fakeIsolate, leftovers, NOTHING_LEFT, RequestClock, settled } from "./isolate.ts";

/** Each waits in line, and tells its number when it is served; its connection comes back at once. */
function queue({ pool }: FakeIsolate, numbers: readonly number[], served: number[]): Promise<void[]> {
  return Promise.all(
    numbers.map(async (number) => {
      const lease = await pool.acquire();
      served.push(number);
      lease.release();
    }),
  );
}

test("whoever comes when a connection has just come back stands behind those who wait for it", async () => {
  const kit = fakeIsolate({ max: 1 });
  const held = await kit.pool.acquire();
  const served: number[] = [];
  const waiting = queue(kit, [1, 2], served);
  await settle();
  held.release();
  expect(kit.pool.tryAcquire()).toBe(undefined);
  await Promise.all([waiting, queue(kit, [3], served)]);
  expect(served).toEqual([1, 2, 3]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("to be asleep for long is not to be gone", async () => {
  const kit = fakeIsolate({ max: 1 });
  const held = await kit.pool.acquire();
  const served: number[] = [];
  const first = queue(kit, [1], served);
  await kit.clock.advance(70);
  const second = queue(kit, [2], served);
  await kit.clock.advance(20);
  held.release();
  await kit.clock.advance(0);
  await Promise.all([first, second]);
  expect(served).toEqual([1, 2]);
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("whoever wakes late is served when it wakes", async () => {
  const kit = fakeIsolate({ max: 1, canWake: false });
  const held = await kit.pool.acquire();
  const waiting = kit.pool.acquire();
  await settle();
  held.release();
  // The isolate is busy for long: no timer fires in time. Others have looked meanwhile, and taken it to be gone.
  kit.clock.jump(1_000);
  expect(kit.pool.stats()).toMatchObject({ idle: 1, waiting: 1 });
  expect(await settled(kit, waiting, 0)).toMatchObject({ connection: { number: 1 } });
  (await waiting).release();
  expect(await leftovers(kit)).toEqual(NOTHING_LEFT);
});

test("whoever is gone is woken once, and passed over soon after, however much comes and goes meanwhile", async () => {
  const clock = new RequestClock();
  const desk = new Desk(new FakeSource(clock), { max: 1, runtime: clock.runtime() }, () => true);
  const opener = desk.join({});
  desk.claim(opener);
  await settle();
  const held = desk.claim(opener)!;
  desk.leave(opener);
  // To be woken does nothing to whoever is gone.
  const gone = asleep(desk.join({}), 100);
  const next = asleep(desk.join({}), 100);
  held.release();
  for (let count = 0; count < 6; count++) {
    desk.watch.read();
    desk.pump();
    expect([gone.woken(), desk.claim(next.waiter)]).toEqual([1, undefined]);
    await clock.advance(10);
  }
  desk.watch.read();
  desk.claim(next.waiter)!.release();
});

/** A waiter that sleeps for some time, and does nothing when it is woken. */
function asleep<C>(waiter: Waiter<C>, ms: number): { readonly waiter: Waiter<C>; readonly woken: () => number } {
  let woken = 0;
  waiter.dueAt += ms;
  waiter.wake = () => woken++;
  return { waiter, woken: () => woken };
}
