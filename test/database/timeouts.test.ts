import { describe, expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { type FakeAdapterOptions } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, fakeDatabase } from "../kit/fake-database.ts";

const never = new Promise<never>(() => undefined);
const stuck = (text: string): Promise<never> | undefined => (text === "slow" ? never : undefined);

function clocked(options: FakeAdapterOptions = {}, pool = {}) {
  const clock = new FakeClock();
  return { ...fakeDatabase(options, { runtime: { ...shared(), clock }, pool }), clock };
}

const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("a statement's timeoutMs", () => {
  test("in flight: QUERY_TIMEOUT, its outcome unknown, and the connection closed", async () => {
    const { db, adapter, clock } = clocked({ script: stuck });
    const session = db.open({ transaction: false });
    const slow = caught(session.query("slow", [], { timeoutMs: 200 }));
    await clock.advance(199);
    expect(await byNow(slow)).toBe("pending");
    await clock.advance(1);
    expect(await slow).toMatchObject({
      code: "QUERY_TIMEOUT",
      details: { timeoutMs: 200, of: "statement" },
      outcome: "unknown",
      retryable: false,
    });
    expect(((await slow) as Error).message).toContain("200 ms");
    await session.query("goes on");
    await session.close();
    expect(adapter.log).toEqual(["open 1", "1: slow", "close 1", "open 2", "2: goes on"]);
    expect(clock.timers).toBe(0);
  });

  test("still waiting for a connection: QUERY_TIMEOUT, not executed, and its place in line given up", async () => {
    const { db, adapter, clock } = clocked({}, { max: 1 });
    const holder = db.open();
    await holder.query("hold");
    const session = db.open();
    const waiting = caught(session.query("never", [], { timeoutMs: 200 }));
    await clock.advance(200);
    expect(await waiting).toMatchObject({
      code: "QUERY_TIMEOUT",
      outcome: "not-executed",
      details: { of: "statement" },
    });
    expect(db.stats().waiting).toBe(0);
    await holder.close();
    await session.query("goes on");
    await session.close();
    expect(adapter.flights).toEqual(["1: begin | hold", "1: commit", "1: begin | goes on", "1: commit"]);
  });

  test("behind another statement of its session: not executed, and never sent", async () => {
    const { db, adapter, clock } = clocked({ script: stuck });
    const session = db.open({ transaction: false });
    const slow = caught(session.query("slow", [], { timeoutMs: 500 }));
    const behind = caught(session.query("behind", [], { timeoutMs: 200 }));
    await clock.advance(200);
    expect(await behind).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "not-executed" });
    await clock.advance(300);
    expect(await slow).toMatchObject({ outcome: "unknown" });
    await session.close();
    expect(adapter.flights).toEqual(["1: slow"]);
  });

  test("is disarmed by the answer", async () => {
    const { db, clock } = clocked();
    await db.session((s) => s.query("fast", [], { timeoutMs: 200 }));
    expect(clock.timers).toBe(0);
  });

  test("in a transaction: the transaction is lost, and nothing runs on in autocommit", async () => {
    const { db, adapter, clock } = clocked({ script: stuck });
    const work = caught(
      db.session(async (s) => {
        await s.query("one");
        const slow = caught(s.query("slow", [], { timeoutMs: 200 }));
        await clock.advance(200);
        expect(await slow).toMatchObject({ code: "QUERY_TIMEOUT" });
        await s.query("two");
      }),
    );
    expect(await work).toMatchObject({ code: "TRANSACTION_LOST", cause: { code: "QUERY_TIMEOUT" } });
    expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: slow", "close 1"]);
  });
});

describe("a session's timeoutMs", () => {
  test("while its work does something else: QUERY_TIMEOUT of the session, which is rolled back; nothing of it is unknown", async () => {
    const { db, adapter, clock } = clocked();
    const work = caught(
      db.session(
        async (s) => {
          await s.query("one");
          await never;
        },
        { timeoutMs: 1_000 },
      ),
    );
    await clock.advance(999);
    expect(await byNow(work)).toBe("pending");
    await clock.advance(1);
    expect(await work).toMatchObject({
      code: "QUERY_TIMEOUT",
      details: { timeoutMs: 1_000, of: "session" },
      outcome: "not-executed",
    });
    expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
    expect(clock.timers).toBe(0);
  });

  test("while a statement is in flight: it is cancelled, and its connection closed", async () => {
    const { db, adapter, clock } = clocked({ script: stuck });
    const work = caught(db.session((s) => s.query("slow"), { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect(await work).toMatchObject({ code: "QUERY_TIMEOUT", details: { of: "session" } });
    expect(adapter.log).toEqual(["open 1", "1: begin | slow", "close 1"]);
  });

  test("without a transaction, with a statement in flight: whether that was executed is not known", async () => {
    const { db, clock } = clocked({ script: stuck });
    const work = caught(db.session((s) => s.query("slow"), { timeoutMs: 1_000, transaction: false }));
    await clock.advance(1_000);
    expect(await work).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
  });

  test("while it commits: whether it was committed is not known, and it is not done again", async () => {
    const { db, adapter, clock } = clocked({ script: (text) => (text === "commit" ? never : undefined) });
    const work = caught(
      db.session(
        async (s) => {
          await s.query("one");
          await s.commit();
        },
        { timeoutMs: 1_000, retry: 3 },
      ),
    );
    await clock.advance(1_000);
    expect(await work).toMatchObject({ outcome: "unknown", retryable: false });
    expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: commit", "close 1"]);
  });

  test("bounds the commit at its end, too", async () => {
    const { db, adapter, clock } = clocked({ script: (text) => (text === "commit" ? never : undefined) });
    const work = caught(db.session((s) => s.query("one"), { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect(await byNow(work)).toMatchObject({ outcome: "unknown" });
    expect(adapter.log.at(-1)).toBe("close 1");
  });

  test("of a session by hand ends it by itself", async () => {
    const { db, adapter, clock } = clocked();
    const session = db.open({ timeoutMs: 1_000 });
    await session.query("one");
    await clock.advance(1_000);
    expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
    await expect(session.query("late")).rejects.toMatchObject({
      code: "SESSION_CLOSED",
      cause: { code: "QUERY_TIMEOUT" },
    });
    expect(clock.timers).toBe(0);
  });

  test("is disarmed when the session ends", async () => {
    const { db, clock } = clocked();
    await db.session((s) => s.query("one"), { timeoutMs: 1_000 });
    await db.open({ timeoutMs: 1_000 }).close();
    expect(clock.timers).toBe(0);
  });
});

describe("acquireTimeoutMs", () => {
  test("ends the wait for a connection: POOL_TIMEOUT with the numbers, and nothing sent", async () => {
    const { db, adapter, clock } = clocked({}, { max: 1, acquireTimeoutMs: 700 });
    const holder = db.open();
    await holder.query("hold");
    const waiting = caught(db.session((s) => s.query("never")));
    await clock.advance(700);
    expect(await waiting).toMatchObject({
      code: "POOL_TIMEOUT",
      details: { waitedMs: 700, max: 1, busy: 1 },
      outcome: "not-executed",
      retryable: true,
    });
    await holder.close();
    expect(adapter.flights).toEqual(["1: begin | hold", "1: commit"]);
  });

  test("is told with the failure to open as its cause", async () => {
    const { db, clock } = clocked({ onOpen: () => never }, { openTimeoutMs: 300, acquireTimeoutMs: 400 });
    const waiting = caught(db.autocommit.query("never"));
    await clock.advance(400);
    expect(await waiting).toMatchObject({ code: "POOL_TIMEOUT", cause: { code: "CONNECT_FAILED" } });
    await db.dispose();
  });
});

test("a rollback that gets no answer keeps the caller from its error for five seconds at most", async () => {
  const { db, adapter, clock } = clocked({ script: (text) => (text === "rollback" ? never : undefined) });
  const boom = new Error("boom");
  const work = caught(
    db.session(async (s) => {
      await s.query("one");
      throw boom;
    }),
  );
  await clock.advance(5_000);
  expect(await byNow(work)).toBe(boom);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(clock.timers).toBe(0);
});

test("a session that ran out of time when a part of it was committed does not say that nothing was executed", async () => {
  const { db, clock } = clocked();
  const work = caught(
    db.session(
      async (s) => {
        await s.commit("one");
        await never;
      },
      { timeoutMs: 1_000 },
    ),
  );
  await clock.advance(1_000);
  expect(await work).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
});
