// The seed's five steps: this session's own, the pool's, a check of it, a new one, its hooks.

import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("getConnection() looks at its own slot, then at the pool, checks what it finds, opens a new one, and runs the hooks, in that order", async () => {
  const clock = new FakeClock();
  let isAlive = true;
  const { db, adapter } = fakeDatabase(
    { capabilities: { tellsDeath: false }, ping: () => isAlive },
    {
      runtime: { ...shared(), clock },
      afterFirstConnection: async (connection) => void (await connection.query("first hook")),
      afterConnection: async (connection) => void (await connection.query("each hook")),
    },
  );
  await db.session(async (s) => {
    // 4 and 5: nothing here, nothing in the pool: a new one, and its hooks.
    const connection = await s.getConnection();
    expect(adapter.log).toEqual(["open 1", "1: first hook", "1: each hook"]);
    // 1: the slot, with nothing asked of anybody.
    expect((await s.getConnection()).raw).toBe(connection.raw);
    expect((await db.getConnection()).raw).toBe(connection.raw);
    expect(adapter.log).toHaveLength(3);
  });
  // 2: the pool; it was idle for a moment only, and is trusted.
  await db.session((s) => s.getConnection());
  expect(adapter.log).toHaveLength(3);
  // 3: idle for longer, it is checked first.
  clock.jump(2_000);
  await db.session((s) => s.getConnection());
  expect(adapter.log.slice(3)).toEqual(["ping 1"]);
  // 3, 4, 5: the check fails.
  clock.jump(2_000);
  isAlive = false;
  await db.session((s) => s.getConnection());
  expect(adapter.log.slice(4)).toEqual(["ping 1", "close 1", "open 2", "2: each hook"]);
});

test("getConnection() sends nothing of its own: setup and BEGIN still ride with the first statement", async () => {
  const { db, adapter } = fakeDatabase({ setup: [{ text: "setup" }] });
  await db.session(async (s) => {
    await s.getConnection();
    expect(adapter.log).toEqual(["open 1"]);
    await s.query("one");
  });
  expect(adapter.flights).toEqual(["1: setup | begin | one", "1: commit"]);
});

test("a session that only took a connection gives it back with nothing sent", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => s.getConnection());
  expect(adapter.log).toEqual(["open 1"]);
  expect(db.stats()).toMatchObject({ idle: 1, busy: 0 });
});

test("getConnection({ usePool: false }) opens one for the session, although others are idle", async () => {
  let hooks = 0;
  const { db, adapter } = fakeDatabase({}, { afterConnection: () => void hooks++ });
  await db.autocommit.query("one");
  await db.session(async (s) => {
    await s.getConnection({ usePool: false });
    await s.query("two");
  });
  expect(adapter.flights).toEqual(["1: one", "2: begin | two", "2: commit"]);
  expect(hooks).toBe(2);
});

test("getConnection({ usePool: false }) makes room by closing an idle one where all places are taken", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  await db.autocommit.query("one");
  await db.session((s) => s.getConnection({ usePool: false }));
  expect(adapter.log).toEqual(["open 1", "1: one", "close 1", "open 2"]);
});

test("asked for twice at once, one connection is taken", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const [one, other] = await Promise.all([s.getConnection(), s.getConnection(), s.query("one")]);
    expect(one.raw).toBe(other.raw);
  });
  expect(adapter.opens).toBe(1);
});

test("a connection is asked for its statements, its driver's handle and its name", async () => {
  const { db, adapter } = fakeDatabase({ script: () => ({ columns: ["n"], rows: [[1]] }) });
  await db.session(async (s) => {
    const connection = await s.getConnection();
    expect(connection.raw).toBe(adapter.connections[0]!.raw);
    expect(connection.name).toBe(s.connectionName);
    expect((await connection.query("select", [1])).rows).toEqual([{ n: 1 }]);
    connection.queue("ahead");
    await s.query("next");
    // Its session closes it: the session's other statements would lose it.
    await expect(connection.close()).rejects.toThrow(TypeError);
  });
  expect(adapter.flights).toEqual(["1: begin | select", "1: ahead | next", "1: commit"]);
});

test("the handle of a connection that was given back is dead, also when its session has another one", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const connection = await s.getConnection();
    await s.setConnection(null);
    await s.getConnection({ usePool: false });
    await expect(connection.query("elsewhere")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
  expect(adapter.flights).toEqual([]);
});
