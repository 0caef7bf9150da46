import { expect, test } from "vitest";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const reason = new Error("the client has gone");

test("a signal that is aborted already starts nothing", async () => {
  const { db, adapter } = fakeDatabase();
  let ran = false;
  const work = db.session(() => (ran = true), { signal: AbortSignal.abort(reason) });
  await expect(work).rejects.toBe(reason);
  expect(ran).toBe(false);
  expect(adapter.log).toEqual([]);
});

test("an abort while the work does something else rolls back at once, with the signal's own reason", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const never = deferred();
  let late: Promise<unknown> | undefined;
  const work = db.session(
    async (s) => {
      await s.query("insert");
      queueMicrotask(() => controller.abort(reason));
      await never.promise;
      late = s.query("late");
      await late;
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toBe(reason);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  never.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  await expect(late).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: reason });
});

test("an abort cancels the statement in flight; the connection is closed, not pooled", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? new Promise(() => undefined) : undefined),
  });
  const controller = new AbortController();
  const work = db.session((s) => s.query("slow"), { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await expect(work).rejects.toBe(reason);
  expect(adapter.log).toEqual(["open 1", "1: begin | slow", "close 1"]);
  expect(db.stats()).toMatchObject({ open: 0 });
});

test("an abort while waiting for a connection gives the place in line up", async () => {
  const { db } = fakeDatabase({}, { pool: { max: 1 } });
  const controller = new AbortController();
  const gate = deferred();
  const holder = db.session(async (s) => {
    await s.query("hold");
    await gate.promise;
  });
  const waiting = db.session((s) => s.query("wait"), { signal: controller.signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(db.stats().waiting).toBe(1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(db.stats().waiting).toBe(0);
  gate.resolve();
  await holder;
});

test("a statement's own signal ends that statement; the session may go on elsewhere", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? new Promise(() => undefined) : undefined),
  });
  const controller = new AbortController();
  await db.session(
    async (s) => {
      const slow = s.query("slow", [], { signal: controller.signal });
      setImmediate(() => controller.abort(reason));
      await expect(slow).rejects.toBe(reason);
      await s.query("other");
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: slow", "2: other"]);
});

test("a statement given up before it left is never sent, and the transaction goes on", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  await db.session(async (s) => {
    await s.query("one");
    const given = s.query("two", [], { signal: controller.signal });
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    await s.query("three");
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: three", "1: commit"]);
});

test("a session by hand that is aborted ends by itself", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const session = db.open({ signal: controller.signal });
  await session.query("insert");
  controller.abort(reason);
  await new Promise((resolve) => setImmediate(resolve));
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  await expect(session.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: reason });
});

test.each([
  ["aborted", true],
  ["ended by its work", false],
])(
  "a statement whose session was %s while it waited for a connection is never sent, and its place in line is free at once",
  async (_how, isAbort) => {
    const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
    const gate = deferred();
    const holder = db.session(async (s) => {
      await s.query("hold");
      await gate.promise;
    });
    const controller = new AbortController();
    const waiting = db.session(
      async (s) => {
        s.query("never").catch(() => undefined);
        await new Promise((resolve) => setImmediate(resolve));
        if (isAbort) controller.abort(reason);
        throw reason;
      },
      { transaction: false, signal: controller.signal },
    );
    await expect(waiting).rejects.toBe(reason);
    expect(db.stats().waiting).toBe(0);
    gate.resolve();
    await holder;
    expect(adapter.flights).toEqual(["1: begin | hold", "1: commit"]);
  },
);

test("an abort while it commits is COMMIT_UNKNOWN, also when something waits behind the commit", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "commit" ? new Promise(() => undefined) : undefined) });
  const controller = new AbortController();
  const work = db.session(
    async (s) => {
      await s.query("insert");
      const committed = s.commit();
      const behind = s.query("behind");
      behind.catch(() => undefined);
      setImmediate(() => controller.abort(reason));
      await committed;
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown", cause: reason });
});

test("an abort before the commit has left is the signal's own reason: nothing about it is unknown", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? new Promise(() => undefined) : undefined),
  });
  const controller = new AbortController();
  const work = db.session(
    (s) => {
      s.query("slow").catch(() => undefined);
      setImmediate(() => controller.abort(reason));
      return s.commit();
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toBe(reason);
  expect(adapter.flights).toEqual(["1: begin | slow"]);
});

test("a part that is given up takes no statement along that was asked beside it", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? new Promise(() => undefined) : undefined),
  });
  const controller = new AbortController();
  await db.session(
    async (s) => {
      const part = s.transaction((tx) => tx.query("slow"), { propagation: "supports", signal: controller.signal });
      const beside = s.query("beside");
      setImmediate(() => controller.abort(reason));
      await expect(part).rejects.toBe(reason);
      await beside;
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: slow", "2: beside"]);
});

test("a statement whose signal is aborted already is never sent, and opens nothing", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const given = s.query("one", [], { signal: AbortSignal.abort(reason) });
    await expect(given).rejects.toBe(reason);
  });
  expect(adapter.log).toEqual([]);
});

test("a plain session that is aborted rejects with the signal's own reason: it said of none of its statements that it was undone", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const work = db.session(
    async (s) => {
      await s.query("insert");
      queueMicrotask(() => controller.abort(reason));
      await new Promise(() => undefined);
    },
    { signal: controller.signal, transaction: false },
  );
  await expect(work).rejects.toBe(reason);
  expect(adapter.flights).toEqual(["1: insert"]);
});

test("a part that is aborted is undone, whatever its session has committed before", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  await db.session(async (s) => {
    await s.query("kept");
    await s.commit();
    const part = s.transaction(
      () => {
        queueMicrotask(() => controller.abort(reason));
        return new Promise(() => undefined);
      },
      { propagation: "nested", signal: controller.signal },
    );
    await expect(part).rejects.toBe(reason);
  });
  expect(adapter.flights).toEqual(["1: begin | kept", "1: commit"]);
});
