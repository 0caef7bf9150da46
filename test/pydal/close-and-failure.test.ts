// PYDAL.md section 6, "Close and failure". Cases 34, 37 and 38 are not in that list.
// Case 39 (nothing is kept of databases that were made and disposed) is test/database/churn.test.ts.

import { expect, test } from "vitest";
import { type CloseAction, closeAllInstances } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("case 30: closing what was never opened opens nothing, and does not run the action", async () => {
  const { db, adapter } = fakeDatabase();
  let ran = 0;
  const session = db.open();
  await session.close(() => ran++);
  await db.session(() => closeAllInstances(() => ran++));
  await db.dispose();
  expect(ran).toBe(0);
  expect(adapter.log).toEqual([]);
});

test("case 31: closing twice is closing once", async () => {
  const { db, adapter } = fakeDatabase();
  let ran = 0;
  const session = db.open();
  await session.query("insert");
  await session.close(() => ran++);
  await session.close(() => ran++);
  await session[Symbol.asyncDispose]();
  expect(ran).toBe(1);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  await Promise.all([db.dispose(), db.dispose()]);
  await db.dispose();
  expect(adapter.log.filter((line) => line === "close 1")).toHaveLength(1);
  expect(adapter.disposals).toBe(1);
});

test("case 31: closing from two places at once settles once", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("insert");
  await Promise.all([session.close(), session.close(), session.close("rollback")]);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit"]);
});

test("case 32: a close() whose commit fails gives the caller that error, and destroys the connection", async () => {
  const error = queryFailed("foreign-key");
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "commit" ? { error, state: "transaction" } : undefined),
  });
  const session = db.open();
  await session.query("insert");
  await expect(session.close()).rejects.toBe(error);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats()).toMatchObject({ open: 0 });
});

test("case 32: a session whose commit fails, and whose rollback fails too, destroys the connection; the commit's error is the caller's", async () => {
  const error = queryFailed("foreign-key");
  const { db, adapter } = fakeDatabase({
    script: (text) =>
      text === "commit"
        ? { error, state: "transaction" }
        : text === "rollback"
          ? { error: boom, state: "transaction" }
          : undefined,
  });
  await expect(db.session((s) => s.query("insert"))).rejects.toBe(error);
  expect(adapter.log.at(-1)).toBe("close 1");
});

test("case 33: a close() whose rollback fails destroys the connection", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "rollback" ? { error: boom, state: "transaction" } : undefined),
  });
  const session = db.open();
  await session.query("insert");
  await expect(session.close("rollback")).rejects.toBe(boom);
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats()).toMatchObject({ open: 0, idle: 0 });
});

test("case 35: a driver that fails to close leaves the session without a connection, and hides no error of the caller's", async () => {
  const { db, adapter, events } = fakeDatabase({ onClose: () => Promise.reject(boom) });
  const primary = new Error("primary");
  const session = db.open();
  await session.query("insert");
  await expect(
    session.close(
      () => {
        throw primary;
      },
      { really: true },
    ),
  ).rejects.toBe(primary);
  await new Promise((resolve) => setImmediate(resolve));
  expect(adapter.log.at(-1)).toBe("close 1");
  expect(db.stats()).toMatchObject({ open: 0, busy: 0 });
  expect(events).toContainEqual(expect.objectContaining({ type: "error", during: "close", error: boom }));
  await db.autocommit.query("the next one gets another");
  expect(adapter.flights.at(-1)).toBe("2: the next one gets another");
});

test("case 35: a hook that fails is the caller's error, also when closing its connection fails", async () => {
  const { db } = fakeDatabase(
    { onClose: () => Promise.reject(boom) },
    {
      pool: { acquireTimeoutMs: 300 },
      afterConnection: () => {
        throw Object.assign(new TypeError("the hook's own"));
      },
    },
  );
  await expect(db.autocommit.query("one")).rejects.toThrow("the hook's own");
});

test("case 36: a connection that is detached is the caller's, raw handle and all; no option forgets it silently", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.query("one");
  const connection = session.detach();
  await session.close();
  expect(connection.raw).toBe(adapter.connections[0]!.raw);
  expect(adapter.openConnections).toBe(1);
  expect(db.stats()).toMatchObject({ open: 0, busy: 0, closed: { detached: 1 } });
  await connection.close();
  expect(adapter.openConnections).toBe(0);
});

test("case 36: really: true closes the connection, and really: false never forgets one", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { maxIdle: 0 } });
  for (const really of [true, false]) {
    const session = db.open();
    await session.query("one");
    await session.close("commit", { really });
  }
  expect(adapter.connections.map(({ closes }) => closes)).toEqual([1, 1]);
});

test("case 40: close() from another task closes that task's own session, and a handle closes from anywhere", async () => {
  const { db, adapter } = fakeDatabase();
  const opener = db.open();
  await opener.query("opener");
  await db.session(async () => {
    await db.query("other");
    await db.close("rollback");
  });
  expect(adapter.flights).toEqual(["1: begin | opener", "2: begin | other", "2: rollback"]);
  await expect(db.close()).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  await db.session(() => opener.close());
  expect(adapter.flights.at(-1)).toBe("1: commit");
});

test("case 41: a session used after close() says so, and never reconnects by itself", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.close();
    await expect(s.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
    await expect(db.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(s.cursor.execute("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(s.setConnection(null)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    expect(() => s.detach()).toThrow(/SESSION_CLOSED/);
    expect(() => s.stream("late")).toThrow(/SESSION_CLOSED/);
  });
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: commit"]);
});

test("case 41: a database used after dispose() says so", async () => {
  const { db, adapter } = fakeDatabase();
  await db.autocommit.query("one");
  await db.dispose();
  await expect(db.autocommit.query("late")).rejects.toMatchObject({ code: "POOL_CLOSED", outcome: "not-executed" });
  await expect(db.session((s) => s.query("late"))).rejects.toMatchObject({ code: "POOL_CLOSED" });
  await expect(db.open().query("late")).rejects.toMatchObject({ code: "POOL_CLOSED" });
  expect(adapter.opens).toBe(1);
});

test.each(["comit", "", 0, undefined, {}, true])(
  "case 42: close(%j) is a TypeError that names it, and nothing is closed",
  async (action) => {
    const { db, adapter } = fakeDatabase();
    await db.session(async (s) => {
      await s.query("one");
      const closing = s.close(action as CloseAction);
      if (action === undefined) return closing;
      await expect(closing).rejects.toThrow(TypeError);
      await expect(closing).rejects.toThrow(`got \`${String(action)}\``);
      await s.query("two");
    });
    expect(adapter.flights).toEqual(
      action === undefined ? ["1: begin | one", "1: commit"] : ["1: begin | one", "1: two", "1: commit"],
    );
  },
);
