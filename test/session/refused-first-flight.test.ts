// A server that has no room accepts a connection, and refuses its first flight: to the session that is an open that has failed.

import { expect, test } from "vitest";
import { DbError, shared } from "../../src/index.ts";
import type { Outcome } from "../../src/errors.ts";
import type { FakeConnection } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, fakeDatabase, type FakeDatabase } from "../kit/fake-database.ts";

/** Has it found its first connection, after a second without room. */
async function afterRoom({ clock, server }: Full, first: Promise<unknown>): Promise<void> {
  await clock.advance(1_000);
  server.isFull = false;
  await clock.advance(2_000);
  await first;
}

/** A second without room is waited out, and then there is some. */
async function waitsAnew({ clock, server }: Full, ask: () => Promise<unknown>): Promise<void> {
  server.isFull = true;
  const again = ask();
  again.catch(() => undefined);
  await clock.advance(1_000);
  expect(await byNow(again.catch(() => "failed"))).toBe("pending");
  server.isFull = false;
  await clock.advance(3_000);
  expect(await byNow(again)).toMatchObject({ rows: [] });
}

interface Full extends FakeDatabase {
  readonly clock: FakeClock;
  readonly server: { isFull: boolean };
}

function fullServer(refusal: { retryable?: boolean; outcome?: Outcome } = { retryable: true }): Full {
  const clock = new FakeClock();
  const server = { isFull: true };
  const script = (_text: string, connection: FakeConnection): undefined => {
    if (!server.isFull) return;
    connection.state = "closed";
    throw new DbError("CONNECT_FAILED", "sorry, too many clients already", { adapter: "fake" }, refusal);
  };
  const database = fakeDatabase({ script }, { runtime: { ...shared(), clock }, pool: { acquireTimeoutMs: 5_000 } });
  return { ...database, clock, server };
}

const refused = { code: "CONNECT_FAILED", outcome: "not-executed" };

test("is waited for until there is room, and the flight leaves again, whole", async () => {
  const { db, adapter, clock, server } = fullServer();
  const work = db.session((s) => s.query("one"));
  await clock.advance(2_000);
  expect(await byNow(work)).toBe("pending");
  expect(adapter.opens).toBeGreaterThan(1);
  server.isFull = false;
  await clock.advance(2_000);
  expect(await byNow(work)).toMatchObject({ rows: [] });
  expect(new Set(adapter.flights.map((flight) => flight.replace(/^\d+: /, "")))).toEqual(
    new Set(["begin | one", "commit"]),
  );
  expect(clock.timers).toBe(0);
});

test("is waited for no longer than for a connection, from the first refusal", async () => {
  const { db, clock } = fullServer();
  const work = db.autocommit.query("one");
  work.catch(() => undefined);
  const outcome = work.catch((error: unknown) => error);
  await clock.advance(4_999);
  expect(await byNow(outcome)).toBe("pending");
  await clock.advance(1);
  expect(await byNow(outcome)).toMatchObject(refused);
  expect(clock.timers).toBe(0);
});

test("is waited for no longer when the clock is set back meanwhile", async () => {
  const { db, clock } = fullServer();
  const outcome = db.autocommit.query("one").catch((error: unknown) => error);
  await clock.advance(1_000);
  clock.setBack(3_600_000);
  // Nobody knows how much of the time was over by then.
  await clock.advance(10_000);
  expect(await byNow(outcome)).toMatchObject(refused);
  expect(clock.timers).toBe(0);
});

test("costs the server few opens: they are spaced by ever longer delays, however many wait", async () => {
  const { db, adapter, clock } = fullServer();
  const waiting = Array.from({ length: 50 }, () => db.autocommit.query("one").catch((error: unknown) => error));
  await clock.advance(4_900);
  expect(adapter.opens).toBeGreaterThan(5);
  expect(adapter.opens).toBeLessThan(100);
  await clock.advance(10_000);
  for (const outcome of await Promise.all(waiting))
    expect(outcome).toMatchObject({ code: expect.stringMatching(/^(CONNECT_FAILED|POOL_TIMEOUT)$/) });
});

test("is the caller's error at once where to wait would not help", async () => {
  const { db, adapter } = fullServer({ retryable: false });
  await expect(db.autocommit.query("one")).rejects.toMatchObject(refused);
  expect(adapter.opens).toBe(1);
});

test("is not waited for where the flight may have been executed", async () => {
  const { db, adapter } = fullServer({ retryable: true, outcome: "unknown" });
  await expect(db.autocommit.query("one")).rejects.toMatchObject({ ...refused, outcome: "unknown" });
  expect(adapter.opens).toBe(1);
});

test("after another loss is waited for anew", async () => {
  const full = fullServer();
  const { db, adapter, clock } = full;
  const session = db.open({ transaction: false });
  await afterRoom(full, session.query("one"));
  await clock.advance(60_000);
  adapter.connections.at(-1)!.state = "closed";
  await expect(session.query("lost")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  await waitsAnew(full, () => session.query("two"));
  await session.close();
});

test("a session that goes on after close() waits for room anew", async () => {
  const full = fullServer();
  const { db, clock } = full;
  const session = db.open({ transaction: false });
  await afterRoom(full, session.query("one"));
  await session.close("commit", { really: true });
  await clock.advance(60_000);
  await waitsAnew(full, () => session.reconnect().then(() => session.query("two")));
  await session.close();
});
