import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { byNow, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("a session by hand holds its connection over statements, and is committed on purpose", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  expect(adapter.log).toEqual([]);
  await session.query("one");
  await session.commit("two");
  await session[Symbol.asyncDispose]();
  expect(adapter.flights).toEqual(["1: begin | one", "1: two | commit"]);
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("the end of an `await using` block rolls back what was not committed, and gives the connection back", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  await session[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("it is not current: statements of the database do not run in it", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  expect(db.current()).toBeUndefined();
  await db.query("two");
  await session.close();
  expect(adapter.flights).toEqual(["1: begin | one", "2: two", "1: commit"]);
});

test("waitUntil is given one promise, which ends when the session has given its connection back", async () => {
  const { db } = fakeDatabase();
  const promises: Promise<unknown>[] = [];
  const session = db.open({ waitUntil: (promise) => promises.push(promise) });
  await session.query("one");
  expect(promises).toHaveLength(1);
  expect(await byNow(promises[0]!)).toBe("pending");
  await session.close();
  await promises[0];
});

test.each([
  ["returns", "fulfilled"],
  ["throws", "rejected"],
  ["cannot be committed", "rejected"],
] as const)("the promise that waitUntil is given never rejects, when the work %s", async (how, status) => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "commit" && how !== "returns" ? { error: boom, state: "idle" } : undefined),
  });
  const promises: Promise<unknown>[] = [];
  const work = db.session(
    async (s) => {
      await s.query("one");
      if (how === "throws") throw boom;
    },
    { waitUntil: (promise) => promises.push(promise) },
  );
  const [outcome] = await Promise.allSettled([work]);
  expect(promises).toHaveLength(1);
  await expect(promises[0]).resolves.toBeUndefined();
  expect(outcome.status).toBe(status);
  expect(adapter.flights.length).toBeGreaterThan(1);
});

test("the promise outlives an abort: it ends only when the rollback is done and the connection is back", async () => {
  const { db } = fakeDatabase();
  const controller = new AbortController();
  let settled: Promise<unknown> | undefined;
  const session = db.open({ signal: controller.signal, waitUntil: (promise) => void (settled = promise) });
  await session.query("one");
  controller.abort(boom);
  expect(db.stats().busy).toBe(1);
  await settled;
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("with retry, waitUntil is given one promise for all attempts", async () => {
  const { db } = fakeDatabase();
  const promises: unknown[] = [];
  await db.session((s) => s.query("one"), { retry: 3, waitUntil: (promise) => promises.push(promise) });
  expect(promises).toHaveLength(1);
});

test("a session that its signal has ended stays ended: reconnect() does not bring it back", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  const session = db.open({ signal: controller.signal });
  await session.query("one");
  controller.abort(boom);
  for (let turn = 0; turn < 3; turn++) {
    await expect(session.reconnect()).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: boom });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
});

test("close() in its own action, or in a callback, does not wait for itself", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  expect(await byNow(session.close((each) => each.close()))).toBeUndefined();
  const other = db.open();
  await other.query("two");
  other.onCommit(() => other.close());
  expect(await byNow(other.close())).toBeUndefined();
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit", "1: begin | two", "1: commit"]);
});

test("close() of a session that did nothing is a commit to its callbacks, as the end of work is", async () => {
  const { db, adapter } = fakeDatabase();
  const told: string[] = [];
  for (const action of [undefined, "rollback", null] as const) {
    const session = db.open();
    session.onCommit(() => told.push(`${action}: committed`));
    session.onRollback(() => told.push(`${action}: rolled back`));
    await session.close(action);
  }
  expect(told).toEqual(["undefined: committed", "rollback: rolled back", "null: rolled back"]);
  expect(adapter.log).toEqual([]);
});

test("the end of the work waits for a close() that nobody awaited: what that decides is done, and nothing else", async () => {
  const { db, adapter } = fakeDatabase();
  let closed: Promise<void> | undefined;
  await db.session(async (s) => {
    await s.query("one");
    closed = s.close(async (each) => {
      await new Promise((resolve) => setImmediate(resolve));
      await each.rollback();
    });
  });
  await closed;
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
});

test("close() with `really` closes the connection, whatever the action was; an unknown action ends nothing", async () => {
  const { db, adapter } = fakeDatabase();
  for (const action of ["commit", "rollback", null] as const) {
    const session = db.open();
    await session.query("one");
    await expect(session.close("comit" as "commit", { really: true })).rejects.toThrow(/comit/);
    await session.close(action, { really: true });
  }
  expect(adapter.log.filter((line) => line.startsWith("close"))).toEqual(["close 1", "close 2", "close 3"]);
  expect(db.stats()).toMatchObject({ open: 0 });
});

test("reconnect() waits for a close() under way, and gives the old connection back before it takes another", async () => {
  const { db, adapter, events } = fakeDatabase({}, { pool: { max: 1 } });
  const session = db.open();
  await session.query("one");
  const closing = session.close();
  await session.reconnect();
  await closing;
  await session.query("two");
  await session.reconnect();
  await session.query("three");
  expect(adapter.flights.slice(0, 4)).toEqual(["1: begin | one", "1: commit", "1: begin | two", "1: commit"]);
  const lent = events.filter(({ type }) => type === "acquire" || type === "release").map(({ type }) => type);
  expect(lent).toEqual(["acquire", "release", "acquire", "release", "acquire"]);
  await session.close();
});

test("a session's own waitUntil goes before the runtime's, and the runtime's is taken where there is none", async () => {
  const kept: string[] = [];
  const waitUntil = (whose: string) => (): void => void kept.push(whose);
  const { db } = fakeDatabase({}, { runtime: { ...shared(), waitUntil: waitUntil("runtime") } });
  await db.open().close();
  await db.open({ waitUntil: waitUntil("session") }).close();
  expect(kept).toEqual(["runtime", "session"]);
});

test("a timeout that is none is refused before anything is begun", async () => {
  const { db, events } = fakeDatabase();
  for (const timeoutMs of [-1, Number.NaN]) {
    expect(() => db.open({ timeoutMs })).toThrow(TypeError);
    await expect(db.session(() => 1, { timeoutMs })).rejects.toThrow(TypeError);
  }
  expect(events).toEqual([]);
});

test("close() waits for what was asked before: its action finds the connection that this has taken", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const asked = session.query("one");
  await session.close((each) => each.commit("two"));
  await asked;
  expect(adapter.flights).toEqual(["1: begin | one", "1: two | commit"]);
});
