// Issue 9, P5: between the end of open() or validate() and the pool's taking note of it are a few microtasks.

import { expect, test } from "vitest";
import { ConnectionPool, type PoolSource } from "../../src/pool/pool.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";

interface Connection {
  closes: number;
}

/** A source whose call ends when `answer` is called. */
function source(): { readonly source: PoolSource<Connection>; readonly made: Connection[]; answer(): void } {
  const made: Connection[] = [];
  const answers: (() => void)[] = [];
  const later = <T>(toValue: () => T): Promise<T> => new Promise((resolve) => answers.push(() => resolve(toValue())));
  return {
    made,
    answer: () => answers.splice(0).forEach((each) => each()),
    source: {
      open: () =>
        later(() => {
          const connection = { closes: 0 };
          made.push(connection);
          return connection;
        }),
      close: (connection) => void connection.closes++,
      validate: () => later(() => true),
    },
  };
}

const HOPS = Array.from({ length: 8 }, (_, hops) => hops);

async function hop(count: number): Promise<void> {
  for (let hops = 0; hops < count; hops++) await Promise.resolve();
}

test.each(HOPS)("dispose() %i microtasks after open() has ended: the connection is closed once", async (hops) => {
  const kit = source();
  const pool = new ConnectionPool(kit.source, { max: 1 });
  const caller = pool.acquire().then(
    (lease) => lease.release(),
    () => undefined,
  );
  await settle();
  kit.answer();
  await hop(hops);
  await pool.dispose();
  await caller;
  await settle();
  expect(kit.made).toEqual([{ closes: 1 }]);
  const { open, opened, closed } = pool.stats();
  expect({ open, opened, closed: closed.stale + closed.disposed }).toEqual({ open: 0, opened: 1, closed: 1 });
});

test.each(HOPS)("dispose() %i microtasks after validate() has ended: the connection is closed once", async (hops) => {
  const kit = source();
  const pool = new ConnectionPool(kit.source, { max: 1, validateAfterMs: 0 });
  const use = (): Promise<void> =>
    pool.acquire().then(
      (lease) => lease.release(),
      () => undefined,
    );
  const first = use();
  await settle();
  kit.answer();
  await first;
  const second = use();
  await settle();
  kit.answer();
  await hop(hops);
  await pool.dispose();
  await second;
  await settle();
  expect(kit.made).toEqual([{ closes: 1 }]);
});

test.each(HOPS)("openTimeoutMs over %i microtasks after open() has ended: it is closed once, or lent", async (hops) => {
  const kit = source();
  const clock = new FakeClock(0, () => hop(hops));
  const pool = new ConnectionPool(kit.source, { max: 1, openTimeoutMs: 100, runtime: clock.runtime() });
  const waiting = pool.acquire();
  await settle();
  // The timer for it is set after the pool's own: it ends the call, and the next fires a few microtasks later.
  clock.setTimeout(kit.answer, 100 - 1e-6);
  await clock.advance(100);
  await settle();
  const isLent = pool.stats().busy === 1;
  if (!isLent) {
    await clock.advance(100);
    kit.answer();
  }
  (await waiting).release();
  await pool.dispose();
  await settle();
  expect(kit.made.map(({ closes }) => closes)).toEqual(isLent ? [1] : [1, 1]);
});
