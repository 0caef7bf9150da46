// PYDAL.md section 6, "Opening and hooks". Cases 9, 10 are not in that list.

import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("case 1: making a database opens no connection, and neither does asking it what it is", async () => {
  const { db, adapter } = fakeDatabase();
  void [db.current(), db.stats(), db.folder, db.sql`never awaited`];
  await new Promise((resolve) => setImmediate(resolve));
  expect(adapter.opens).toBe(0);
});

test("case 2: the first statement opens one connection, then come first-hook, user hook, adapter setup, and the statement", async () => {
  const { db, adapter } = fakeDatabase(
    { setup: [{ text: "adapter setup" }], capabilities: { tellsDeath: false }, ping: () => true },
    {
      afterFirstConnection: async (connection) => void (await connection.query("first hook")),
      afterConnection: async (connection) => void (await connection.query("user hook")),
      setup: ["user setup"],
    },
  );
  await db.autocommit.query("statement");
  // No ping: the statement itself is the check of a fresh connection.
  expect(adapter.log).toEqual(["open 1", "1: first hook", "1: user hook", "1: adapter setup | user setup | statement"]);
});

test("case 3: the second statement of a session uses the same connection, with no hook and no ping", async () => {
  let hooks = 0;
  const { db, adapter } = fakeDatabase(
    { capabilities: { tellsDeath: false }, ping: () => true },
    { afterConnection: () => void hooks++, pool: { validateAfterMs: 0 } },
  );
  await db.session(async (s) => {
    await s.query("one");
    await s.query("two");
  });
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: two", "1: commit"]);
  expect(hooks).toBe(1);
});

test("case 4: a source that connects again runs the hooks of each connection, but not the first one's", async () => {
  const hooks: string[] = [];
  const { db, adapter } = fakeDatabase(
    {},
    {
      pool: { maxIdle: 0 },
      afterFirstConnection: () => void hooks.push("first"),
      afterConnection: () => void hooks.push("each"),
    },
  );
  await db.autocommit.query("one");
  await db.autocommit.query("two");
  expect(adapter.opens).toBe(2);
  expect(hooks).toEqual(["first", "each", "each"]);
});

test("case 5: a user hook that throws is the caller's error at once; the connection is closed, and the session has none", async () => {
  const { db, adapter } = fakeDatabase(
    {},
    {
      pool: { acquireTimeoutMs: 60_000 },
      afterConnection: () => {
        throw boom;
      },
    },
  );
  const failure = await db.session((s) => byNow(s.getConnection()).catch((error: unknown) => error), {
    signal: AbortSignal.timeout(2_000),
  });
  expect(failure).toBe(boom);
  expect(adapter.log).toEqual(["open 1", "close 1"]);
  expect(db.stats()).toMatchObject({ open: 0, busy: 0, waiting: 0 });
});

test("case 6: after a hook has failed, the next statement opens a fresh connection and runs all hooks again", async () => {
  const hooks: string[] = [];
  let failures = 1;
  const { db, adapter } = fakeDatabase(
    {},
    {
      pool: { acquireTimeoutMs: 500 },
      afterFirstConnection: ({ raw }) => {
        hooks.push(`first on ${(raw as { number: number }).number}`);
        if (failures-- > 0) throw boom;
      },
      afterConnection: ({ raw }) => void hooks.push(`each on ${(raw as { number: number }).number}`),
    },
  );
  await expect(db.autocommit.query("one")).rejects.toBe(boom);
  await db.autocommit.query("two");
  expect(hooks).toEqual(["first on 1", "first on 2", "each on 2"]);
  expect(adapter.log).toEqual(["open 1", "close 1", "open 2", "2: two"]);
});

test("case 7: a connection whose setup failed is never seen again, not even by the session that opened it", async () => {
  const error = queryFailed("syntax", "set nonsense");
  let isBroken = true;
  const { db, adapter } = fakeDatabase({
    setup: [{ text: "set nonsense" }],
    script: (text) => (text === "set nonsense" && isBroken ? { error } : undefined),
  });
  await db.session(
    async (s) => {
      const half = await s.getConnection();
      await expect(s.query("one")).rejects.toBe(error);
      expect(() => half.raw).toThrow(/SESSION_CLOSED/);
      isBroken = false;
      await s.query("two");
    },
    { transaction: false },
  );
  expect(adapter.log).toEqual(["open 1", "1: set nonsense | one", "close 1", "open 2", "2: set nonsense | two"]);
  expect(adapter.connections[0]!.isClosed).toBe(true);
});

test("case 8: a fresh connection that does not answer is closed, and its error is the caller's", async () => {
  const { db, adapter } = fakeDatabase({ script: () => ({ lost: "not-executed" }) });
  await expect(db.session((s) => s.query("one"))).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    outcome: "not-executed",
  });
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "close 1"]);
  expect(db.stats()).toMatchObject({ open: 0, closed: { broken: 1 } });
});

test("case 11: no transaction is open on a connection whose hooks have run, whatever they did", async () => {
  const { db, adapter } = fakeDatabase(
    { setup: [{ text: "adapter setup" }] },
    {
      afterFirstConnection: async () => void (await db.transaction(() => db.query("create table"))),
      afterConnection: async (connection) => void (await connection.query("set")),
    },
  );
  await db.session(async (s) => {
    await s.getConnection();
    expect(adapter.connections[0]!.state).toBe("idle");
    expect(adapter.flights).toEqual(["1: begin | create table", "1: commit", "1: set"]);
  });
});

test("case 12: a hook may use the database itself: its statements run on that very connection, and nothing recurses", async () => {
  let hooks = 0;
  const { db, adapter } = fakeDatabase(
    {},
    {
      pool: { max: 1 },
      afterConnection: async (connection) => {
        hooks++;
        expect(db.current()?.connectionName).toBe(connection.name);
        await db.query("through the database");
        await db.sql`through a template`;
        await db.batch(["a", "b"]);
      },
    },
  );
  await db.session((s) => s.query("statement"));
  expect(hooks).toBe(1);
  expect(adapter.log).toEqual([
    "open 1",
    "1: through the database",
    "1: through a template",
    "1: begin | a | b | commit",
    "1: begin | statement",
    "1: commit",
  ]);
});

test("case 13: while an asynchronous hook is pending, no other statement runs on that connection", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase(
    {},
    {
      pool: { max: 1 },
      afterConnection: async (connection) => {
        await gate.promise;
        await connection.query("hook");
      },
    },
  );
  const both = Promise.all([db.autocommit.query("one"), db.autocommit.query("two")]);
  expect(await byNow(both)).toBe("pending");
  expect(adapter.flights).toEqual([]);
  gate.resolve();
  await both;
  expect(adapter.flights).toEqual(["1: hook", "1: one", "1: two"]);
});
