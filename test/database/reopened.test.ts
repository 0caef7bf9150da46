// FOUND: a session by hand that was closed and went on was no longer bound to its signal.

import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const gone = new Error("the client has gone");

test("a session that was closed and reconnected ends with its signal as before", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const session = db.open({ signal: controller.signal });
  for (const text of ["one", "two"]) {
    await session.query(text);
    await session.close();
    await session.reconnect();
  }
  await session.query("three");
  controller.abort(gone);
  await settle();
  await expect(session.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: gone });
  await expect(session.reconnect()).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: gone });
  expect(adapter.flights.slice(-2)).toEqual(["1: begin | three", "1: rollback"]);
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("its timeoutMs counts from open(): closed in between, it has no more time than before", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const session = db.open({ timeoutMs: 100 });
  await session.query("one");
  await clock.advance(60);
  await session.close();
  await clock.advance(20);
  await session.reconnect();
  await session.query("two");
  await clock.advance(19);
  await session.query("three");
  await clock.advance(1);
  await expect(session.query("late")).rejects.toMatchObject({ cause: { code: "QUERY_TIMEOUT" } });
  expect(adapter.flights.at(-1)).toBe("1: rollback");
  expect(clock.timers).toBe(0);
});

test("one whose signal or time has gone while it was closed is ended when it is to go on", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const controller = new AbortController();
  for (const options of [{ signal: controller.signal }, { timeoutMs: 50 }]) {
    const session = db.open(options);
    await session.close();
    controller.abort(gone);
    await clock.advance(50);
    const reconnecting = session.reconnect();
    reconnecting.catch(() => undefined);
    await clock.advance(1);
    await expect(reconnecting).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(session.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  }
  expect(adapter.log).toEqual([]);
  expect(db.stats()).toMatchObject({ busy: 0 });
});

test("waitUntil is given a promise for each of its lives", async () => {
  const { db } = fakeDatabase();
  const promises: Promise<unknown>[] = [];
  const session = db.open({ waitUntil: (promise) => promises.push(promise) });
  await session.close();
  await session.reconnect();
  expect(promises).toHaveLength(2);
  await session.close();
  await Promise.all(promises);
});
