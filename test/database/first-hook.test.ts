// FOUND: the first connection's hook counted as done although what it had queued was lost, or ran on a connection that was closed.

import { describe, expect, test } from "vitest";
import { type Connection, shared } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const queue = (connection: Connection): void => connection.queue("create table");

describe("what the first connection's hook has queued", () => {
  test.each([
    ["lost, not executed", { lost: "not-executed" }],
    ["lost, perhaps executed", { lost: "unknown" }],
    ["refused by the database", { error: queryFailed("busy") }],
  ] as const)("is queued again on the next connection when its flight was %s", async (_how, answer) => {
    let count = 0;
    const { db, adapter } = fakeDatabase(
      { script: (text) => (text === "create table" && ++count === 1 ? answer : undefined) },
      { afterFirstConnection: queue },
    );
    await expect(db.session((s) => s.query("one"))).rejects.toBeDefined();
    await db.session((s) => s.query("two"));
    await db.session((s) => s.query("three"));
    expect(adapter.flights).toEqual([
      "1: create table | begin | one",
      "2: create table | begin | two",
      "2: commit",
      "2: begin | three",
      "2: commit",
    ]);
  });

  test("is queued again when the session that took the connection asks nothing of it", async () => {
    const { db, stored } = storingDatabase({}, { afterFirstConnection: queue });
    await db.session(async (s) => void (await s.getConnection()));
    await db.session((s) => s.query("one"));
    expect(stored).toEqual(["create table", "one"]);
  });

  test("is queued again when its session was aborted before the flight", async () => {
    const { db, stored } = storingDatabase({}, { afterFirstConnection: queue });
    const controller = new AbortController();
    const work = db.session(
      async (s) => {
        await s.getConnection();
        controller.abort();
        await s.query("never");
      },
      { signal: controller.signal },
    );
    await work.catch(() => undefined);
    await db.session((s) => s.query("one"));
    expect(stored).toEqual(["create table", "one"]);
  });

  test("holds the others until it was carried out: none finds the schema missing", async () => {
    const clock = new FakeClock();
    const gate = deferred();
    const { db, stored } = storingDatabase(
      { script: async (text) => void (text === "create table" && (await gate.promise)) },
      { runtime: { ...shared(), clock }, afterFirstConnection: queue },
    );
    const all = Promise.all(["a", "b", "c"].map((text) => db.autocommit.query(text)));
    await clock.advance(200);
    expect(stored).toEqual([]);
    gate.resolve();
    await clock.advance(50);
    await all;
    expect(stored[0]).toBe("create table");
    expect(stored).toHaveLength(4);
  });
});

describe("a slow first hook", () => {
  test("holds the others up for no longer than its own time, and never runs on a connection that is closed", async () => {
    const clock = new FakeClock();
    const onClosed: number[] = [];
    let runs = 0;
    const { db, adapter, stored } = storingDatabase(
      {},
      {
        runtime: { ...shared(), clock },
        pool: { openTimeoutMs: 50, max: 3 },
        afterFirstConnection: async (connection) => {
          const { number } = connection.raw as { number: number };
          if (adapter.connections[number - 1]!.isClosed) onClosed.push(number);
          if (++runs === 1) await new Promise<void>((resolve) => void clock.setTimeout(resolve, 300));
          connection.queue("create table");
        },
      },
    );
    const all = Promise.allSettled([1, 2, 3].map((n) => db.session((s) => s.query(`insert ${n}`))));
    await clock.advance(49);
    expect(await byNow(all)).toBe("pending");
    await clock.advance(100);
    const results = await byNow(all);
    expect((results as PromiseSettledResult<unknown>[]).map(({ status }) => status).toSorted()).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
    await clock.advance(500);
    await db.session((s) => s.query("insert 4"));
    expect(onClosed).toEqual([]);
    expect(runs).toBe(2);
    expect(stored[0]).toBe("create table");
    expect(stored.filter((row) => row === "create table")).toHaveLength(1);
  });

  test("whose request was cut off, so that it says nothing any more, is given up in a second", async () => {
    const clock = new FakeClock();
    const { db: first, adapter } = fakeDatabase(
      { key: "fake:cut-off" },
      {
        runtime: { ...shared(), clock },
        pool: { openTimeoutMs: 60_000, acquireTimeoutMs: 60_000 },
        afterFirstConnection: () => (adapter.opens === 1 ? new Promise<void>(() => undefined) : undefined),
      },
    );
    const controller = new AbortController();
    const cut = first.session((s) => s.query("one"), { signal: controller.signal });
    cut.catch(() => undefined);
    await clock.advance(300);
    controller.abort();
    const next = first.session((s) => s.query("two"));
    await clock.advance(1_100);
    await next;
    expect(adapter.flights).toEqual(["2: begin | two", "2: commit"]);
  });

  test("that fails late, after its time, does not count, and ends no process", async () => {
    const clock = new FakeClock();
    let runs = 0;
    const { db, stored } = storingDatabase(
      {},
      {
        runtime: { ...shared(), clock },
        pool: { openTimeoutMs: 50 },
        afterFirstConnection: async (connection) => {
          if (++runs === 1) {
            await new Promise<void>((resolve) => void clock.setTimeout(resolve, 100));
            throw new Error("too late");
          }
          await connection.query("create table");
        },
      },
    );
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const one = db.session((s) => s.query("one"));
    one.catch(() => undefined);
    await clock.advance(200);
    await expect(one).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    const two = db.session((s) => s.query("two"));
    await clock.advance(50);
    await two;
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(stored).toEqual(["create table", "two"]);
  });
});

test("one whose turn was taken over, as the clock jumped, leaves no timer behind", async () => {
  const clock = new FakeClock();
  const gates = [deferred(), deferred()];
  let runs = 0;
  const { db } = fakeDatabase(
    {},
    { runtime: { ...shared(), clock }, afterFirstConnection: () => gates[runs++]!.promise },
  );
  const first = db.session((s) => s.query("one"));
  await clock.advance(1);
  const second = db.session((s) => s.query("two"));
  clock.setForward(2_000);
  await clock.advance(40);
  expect(runs).toBe(2);
  for (const gate of gates) gate.resolve();
  await Promise.all([first, second]);
  await db.dispose();
  expect(clock.timers).toBe(0);
});
