import { describe, expect, test } from "vitest";
import { type DatabaseEvent, shared } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("a session's events tell its whole life, in order, with the time and the pool of each", async () => {
  const clock = new FakeClock();
  const { db, events } = fakeDatabase(
    {
      key: "fake:events",
      onOpen: async () => clock.jump(7),
      script: (text) => void (text === "insert" && clock.jump(3)),
    },
    { runtime: { ...shared(), clock }, setup: ["set"] },
  );
  const startedAt = clock.now();
  await db.session((s) => s.query("insert"));
  await db.dispose();
  const [{ session }] = events as [Extract<DatabaseEvent, { type: "session" }>];
  expect(events).toMatchObject([
    { type: "session", session, parent: undefined, at: startedAt },
    { type: "wait", waiting: 1, at: startedAt },
    { type: "open", connection: 1, durationMs: 7, at: startedAt + 7 },
    { type: "acquire", connection: 1, waitedMs: 7 },
    { type: "send", session, connection: 1, statements: ["set", "begin", "insert"], at: startedAt + 7 },
    {
      type: "flight",
      session,
      connection: 1,
      statements: ["set", "begin", "insert"],
      durationMs: 3,
      isOk: true,
      at: startedAt + 10,
    },
    { type: "begin", session },
    { type: "send", statements: ["commit"] },
    { type: "flight", statements: ["commit"], durationMs: 0, isOk: true },
    { type: "commit", session },
    { type: "release", connection: 1 },
    { type: "end", session, outcome: "done" },
    { type: "close", connection: 1, reason: "disposed" },
  ]);
  for (const { at } of events) expect(at).toBeGreaterThanOrEqual(startedAt);
  for (const { pool } of events.slice(1, -1)) expect(pool).toBe("fake:events");
});

test("every type of event is told", async () => {
  const clock = new FakeClock();
  let races = 1;
  const { db, events } = fakeDatabase(
    {
      script: (text) =>
        text === "race" && races-- > 0 ? { error: queryFailed("serialization", "", true) } : undefined,
      onClose: () => Promise.reject(boom),
    },
    { runtime: { ...shared(), clock }, pool: { leakMs: 100 } },
  );
  const racing = db.session((s) => s.query("race"), { retry: { retries: 1, delayMs: 1 } });
  await clock.advance(5);
  await racing;
  const holder = db.open();
  await holder.query("one");
  await clock.advance(100);
  await holder.close("rollback", { really: true });
  await clock.advance(0);
  const types: DatabaseEvent["type"][] = [
    ...([
      "session",
      "wait",
      "open",
      "acquire",
      "send",
      "flight",
      "begin",
      "commit",
      "rollback",
      "retry",
      "leak",
      "release",
      "close",
      "error",
      "end",
    ] as const),
  ];
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(types));
});

test("every event is plain data: it can be sent to another thread, and printed as JSON", async () => {
  const { db, events } = fakeDatabase(
    { script: (text) => (text === "bad" ? { error: queryFailed("unique") } : undefined) },
    { stacks: true },
  );
  await db.session(async (s) => {
    await s.query("outer");
    await db.session((inner) => inner.query("bad")).catch(() => undefined);
  });
  for (const event of events) {
    expect(() => structuredClone(event), event.type).not.toThrow();
    expect(() => JSON.stringify(event), event.type).not.toThrow();
  }
});

test("a flight that failed says so, and who sent it", async () => {
  const { db, events } = fakeDatabase({ script: (text) => (text === "bad" ? { error: boom } : undefined) });
  await expect(db.session((s) => s.query("bad"))).rejects.toBe(boom);
  expect(events.filter(({ type }) => type === "flight")).toMatchObject([
    { statements: ["begin", "bad"], isOk: false },
    { statements: ["rollback"], isOk: true },
  ]);
  expect(events.at(-1)).toMatchObject({ type: "end", outcome: "failed" });
});

test("a flight that fails at once is not ok, with nothing ahead of its statement either", async () => {
  const { db, events } = fakeDatabase({ script: (text) => (text === "bad" ? { error: boom } : undefined) });
  await expect(db.autocommit.query("bad")).rejects.toBe(boom);
  expect(events.find(({ type }) => type === "flight")).toMatchObject({ statements: ["bad"], isOk: false, error: boom });
});

test("a transaction that the database ends is told as rolled back, but for one whose COMMIT was lost: also behind such a one", async () => {
  const { db, events } = fakeDatabase({
    script: (text) => (text === "commit" ? { lost: "unknown" } : text === "stolen" ? { state: "idle" } : undefined),
  });
  const told = (): string[] =>
    events.splice(0).flatMap(({ type }) => (["begin", "commit", "rollback"].includes(type) ? [type] : []));
  await using session = db.open();
  await session.query("one");
  await expect(session.commit()).rejects.toMatchObject({ code: "COMMIT_UNKNOWN" });
  expect(told()).toEqual(["begin"]);
  await session.rollback();
  told();
  await session.query("stolen");
  expect(told()).toEqual(["begin", "rollback"]);
  await session.rollback();
});

test("a nested transaction is told by its flights alone: only the whole one begins and ends", async () => {
  const { db } = fakeDatabase();
  const types: string[] = [];
  db.subscribe(({ type }) => types.push(type));
  await db.session(async (session) => {
    for (const isKept of [true, false]) {
      const part = session.transaction(
        async (inner) => {
          await inner.query("one");
          if (!isKept) throw new Error("the work's own");
        },
        { propagation: "nested" },
      );
      await part.catch(() => undefined);
      await session.query("two");
    }
  });
  expect(types.filter((type) => /begin|commit|rollback|savepoint|release/.test(type))).toEqual([
    "begin",
    "commit",
    "release",
  ]);
});

test("a session that was given up ends as aborted", async () => {
  const { db, events } = fakeDatabase();
  const controller = new AbortController();
  const work = db.session(() => new Promise(() => controller.abort(boom)), { signal: controller.signal });
  await expect(work).rejects.toBe(boom);
  expect(events.at(-1)).toMatchObject({ type: "end", outcome: "aborted" });
});

test("a session inside another one names it as its parent, and so does its wait", async () => {
  const { db, events } = fakeDatabase();
  await db.session(async (outer) => {
    await outer.query("one");
    await db.session((inner) => inner.query("two"));
  });
  const [outer, inner] = events.filter((event) => event.type === "session");
  expect(inner).toMatchObject({ parent: outer!.session });
  const acquires = events.filter((event) => event.type === "acquire");
  expect(acquires.map(({ owner }) => owner?.id)).toEqual([outer!.session, inner!.session]);
  expect(acquires[1]!.owner?.parent?.id).toBe(outer!.session);
});

test("the sessions of hooks are not told: they are a part of opening", async () => {
  const { db, events } = fakeDatabase(
    {},
    { afterConnection: async (connection) => void (await connection.query("hook")) },
  );
  await db.autocommit.query("one");
  expect(events.filter(({ type }) => type === "session" || type === "end")).toHaveLength(2);
});

test("a listener that throws changes nothing", async () => {
  let told = 0;
  const { db, adapter } = fakeDatabase(
    {},
    {
      onEvent: () => {
        told++;
        throw boom;
      },
    },
  );
  expect(await db.session(async (s) => (await s.query("one"), "done"))).toBe("done");
  await db.autocommit.query("two");
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit", "1: two"]);
  expect(told).toBeGreaterThan(10);
});

test("without a listener everything works as with one", async () => {
  const { db, adapter } = fakeDatabase({}, { onEvent: undefined as never });
  await db.session((s) => s.query("one"));
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit"]);
});

describe("stats()", () => {
  test("counts connections, waits and flights", async () => {
    const { db } = fakeDatabase({ setup: [{ text: "set" }] }, { pool: { max: 1 } });
    expect(db.stats()).toMatchObject({
      max: 0,
      open: 0,
      busy: 0,
      idle: 0,
      waiting: 0,
      opened: 0,
      waits: 0,
      flights: 0,
    });
    const gate = deferred();
    const holder = db.session(async (s) => {
      await s.query("one");
      await gate.promise;
    });
    const waiter = db.session((s) => s.query("two"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(db.stats()).toMatchObject({ max: 1, open: 1, busy: 1, idle: 0, waiting: 1, opened: 1, flights: 1 });
    gate.resolve();
    await Promise.all([holder, waiter]);
    expect(db.stats()).toMatchObject({ open: 1, busy: 0, idle: 1, waiting: 0, opened: 1, flights: 4 });
  });

  test("counts a lone query as one flight, a session that knows its last statement as one, and one that reads first as two", async () => {
    const { db } = fakeDatabase({ setup: [{ text: "set" }] });
    const flights = async (work: () => Promise<unknown>): Promise<number> => {
      const before = db.stats().flights;
      await work();
      return db.stats().flights - before;
    };
    expect(await flights(() => db.query("select"))).toBe(1);
    expect(await flights(() => db.session((s) => s.commit("insert")))).toBe(1);
    expect(await flights(() => db.session(async (s) => void (await s.query("select"), await s.commit("insert"))))).toBe(
      2,
    );
    expect(await flights(() => db.session(() => undefined))).toBe(0);
    expect(await flights(() => db.session(() => Promise.all([db.query("a"), db.query("b"), db.query("c")])))).toBe(2);
  });

  test("what it gave is not changed by what comes after", async () => {
    const { db } = fakeDatabase();
    const before = db.stats();
    const copy = structuredClone(before);
    await db.autocommit.query("one");
    await db.dispose();
    expect(before).toEqual(copy);
  });
});

test("a session that ran out of time ends as aborted, and one whose close() failed as failed", async () => {
  const clock = new FakeClock();
  const boom = new Error("boom");
  const { db, events } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  const late = db.session(() => new Promise<never>(() => undefined), { timeoutMs: 10 }).catch(() => undefined);
  await clock.advance(10);
  await late;
  const session = db.open();
  await session.query("one");
  const closing = session.close(() => {
    throw boom;
  });
  await expect(closing).rejects.toBe(boom);
  expect(events.flatMap((event) => (event.type === "end" ? event.outcome : []))).toEqual(["aborted", "failed"]);
});
