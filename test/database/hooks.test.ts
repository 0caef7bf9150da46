// The seed's three kinds of hook: once per pool, per connection, and the adapter's own; in that order.

import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions, shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const boom = new Error("boom");

test("hooks run in the seed's order: the first connection's, the user's, the adapter's setup, then the user's setup", async () => {
  const order: string[] = [];
  const { db, adapter } = fakeDatabase(
    { setup: [{ text: "adapter setup" }] },
    {
      setup: ["user setup"],
      afterConnection: () => void order.push("each"),
      afterFirstConnection: (connection) => {
        order.push("first");
        connection.queue("queued by first");
      },
    },
  );
  await db.autocommit.query("one");
  expect(order).toEqual(["first", "each"]);
  expect(adapter.flights).toEqual(["1: queued by first | adapter setup | user setup | one"]);
});

test("what hooks queue costs no flight: it rides with the first statement, ahead of the setup and of BEGIN", async () => {
  const { db, adapter } = fakeDatabase(
    { setup: [{ text: "adapter setup" }] },
    {
      afterFirstConnection: (connection) => connection.queue("a", { text: "b", params: [1] }),
      afterConnection: (connection) => connection.queue(db.sql`c ${2}`),
    },
  );
  await db.session((s) => s.query("one"));
  expect(adapter.flights).toEqual(["1: a | b | c ? | adapter setup | begin | one", "1: commit"]);
});

test("what a hook queues wrongly is its error, before anything is sent", async () => {
  const { db, adapter } = fakeDatabase(
    {},
    { pool: { acquireTimeoutMs: 300 }, afterConnection: (connection) => connection.queue("commit") },
  );
  await expect(db.autocommit.query("one")).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
  expect(adapter.log).toEqual(["open 1", "close 1"]);
});

describe("the first connection's hook", () => {
  test("runs once, and all who open at the same time wait for it", async () => {
    const clock = new FakeClock();
    const gate = deferred();
    let runs = 0;
    const { db, adapter } = fakeDatabase(
      {},
      {
        runtime: { ...shared(), clock },
        afterFirstConnection: async (connection) => {
          runs++;
          await gate.promise;
          await connection.query("create table");
        },
      },
    );
    const all = Promise.all(["a", "b", "c"].map((text) => db.autocommit.query(text)));
    // The pool opens more, the longer nobody is served.
    await clock.advance(100);
    expect(adapter.opens).toBe(3);
    expect(adapter.flights).toEqual([]);
    gate.resolve();
    // They look for it every ten milliseconds.
    await clock.advance(10);
    await all;
    expect(runs).toBe(1);
    expect(adapter.flights[0]).toBe("1: create table");
    expect(adapter.flights).toHaveLength(4);
  });

  test("that fails is run again on the next connection, for those who waited for it", async () => {
    const clock = new FakeClock();
    const gate = deferred();
    const runs: unknown[] = [];
    const { db, adapter } = fakeDatabase(
      {},
      {
        runtime: { ...shared(), clock },
        afterFirstConnection: async ({ raw }) => {
          runs.push(raw);
          await gate.promise;
          if (runs.length === 1) throw boom;
        },
      },
    );
    const all = Promise.allSettled(["a", "b", "c"].map((text) => db.autocommit.query(text)));
    await clock.advance(100);
    expect(adapter.opens).toBe(3);
    expect(runs).toHaveLength(1);
    gate.resolve();
    await clock.advance(5_000);
    const results = await all;
    expect(results.filter(({ status }) => status === "rejected")).toEqual([{ status: "rejected", reason: boom }]);
    expect(runs).toHaveLength(2);
    expect(runs[0]).not.toBe(runs[1]);
  });

  test("that never ends holds nobody up for longer than an open may take", async () => {
    const clock = new FakeClock();
    let runs = 0;
    const { db } = fakeDatabase(
      {},
      {
        runtime: { ...shared(), clock },
        pool: { openTimeoutMs: 1_000, acquireTimeoutMs: 60_000 },
        afterFirstConnection: () => (++runs === 1 ? new Promise<void>(() => undefined) : undefined),
      },
    );
    const first = db.autocommit.query("a").catch((error: unknown) => error);
    await clock.advance(1_001);
    expect(await byNow(first)).toMatchObject({ code: "CONNECT_FAILED", details: { adapter: "fake" } });
    const next = db.autocommit.query("b");
    await clock.advance(10);
    expect(await byNow(next)).toMatchObject({ rows: [] });
    expect(runs).toBe(2);
    await db.autocommit.query("c");
    expect(runs).toBe(2);
  });

  test("runs once for a pool that several databases share", async () => {
    let runs = 0;
    const afterFirstConnection = (): void => void runs++;
    const { db, adapter } = fakeDatabase({ key: "fake:db" }, { afterFirstConnection });
    const other = createDatabase("fake:db", { adapters: [adapter.factory], afterFirstConnection });
    await Promise.all([db.autocommit.query("a"), other.autocommit.query("b")]);
    expect(runs).toBe(1);
    await other.dispose();
  });
});

describe.each(["afterFirstConnection", "afterConnection"] as const)("%s that fails", (hook) => {
  test.each<[string, DatabaseOptions[typeof hook]]>([
    [
      "throws",
      () => {
        throw boom;
      },
    ],
    ["rejects", () => Promise.reject(boom)],
    ["has a statement that fails", async (connection) => void (await connection.query("bad"))],
  ])("because it %s, is the caller's error at once, unchanged; the connection is closed", async (_how, work) => {
    const { db, adapter } = fakeDatabase(
      { script: (text) => (text === "bad" ? { error: boom } : undefined) },
      { pool: { acquireTimeoutMs: 60_000 }, [hook]: work },
    );
    const controller = new AbortController();
    const failure = await byNow(db.session((s) => s.query("one"), { signal: controller.signal })).catch(
      (error: unknown) => error,
    );
    controller.abort();
    expect(failure).toBe(boom);
    expect(adapter.openConnections).toBe(0);
    expect(adapter.opens).toBe(1);
  });
});

describe("a hook's statements run on that very connection", () => {
  const ways: [
    string,
    (db: Database, connection: Parameters<NonNullable<DatabaseOptions["afterConnection"]>>[0]) => unknown,
  ][] = [
    ["connection.query()", (_db, connection) => connection.query("hook")],
    ["db.query()", (db) => db.query("hook")],
    ["db.sql", (db) => db.sql`hook`],
    ["the current session", (db) => db.current()!.query("hook")],
    ["a cursor", (db) => db.cursor.execute("hook")],
  ];
  test.each(ways)("through %s", async (_way, run) => {
    let hooks = 0;
    const { db, adapter } = fakeDatabase(
      {},
      {
        pool: { max: 1 },
        afterConnection: async (connection) => {
          hooks++;
          await run(db, connection);
        },
      },
    );
    await db.session((s) => s.query("one"));
    expect(adapter.flights).toEqual(["1: hook", "1: begin | one", "1: commit"]);
    expect(hooks).toBe(1);
  });

  test("also when the session that needed it is current", async () => {
    const { db, adapter } = fakeDatabase({}, { afterConnection: async () => void (await db.query("hook")) });
    await db.session(async () => {
      await db.query("one");
      await db.transaction(() => db.query("two"), { propagation: "requires-new" });
    });
    expect(adapter.flights).toEqual([
      "1: hook",
      "1: begin | one",
      "2: hook",
      "2: begin | two",
      "2: commit",
      "1: commit",
    ]);
  });

  test("for each database of a shared pool, whichever of them opened it", async () => {
    let hasBoth = false;
    const options: Partial<DatabaseOptions> = {
      afterConnection: async () => {
        if (!hasBoth) return;
        await db.query("through the one");
        await other.query("through the other");
      },
      context: asyncLocal(AsyncLocalStorage),
    };
    const { db, adapter } = fakeDatabase({ key: "fake:db" }, options);
    const other = createDatabase("fake:db", { adapters: [adapter.factory], ...options });
    await db.autocommit.query("one");
    await other.autocommit.query("two");
    hasBoth = true;
    await db.session(async (s) => {
      await s.query("three");
      await other.session((o) => o.query("four"));
    });
    expect(adapter.flights.filter((line) => line.startsWith("2:"))).toEqual([
      "2: through the one",
      "2: through the other",
      "2: begin | four",
      "2: commit",
    ]);
    expect(adapter.opens).toBe(2);
    await other.dispose();
  });
});

test("a connection that was lost in a hook, which kept that to itself, is the error of who needed it", async () => {
  const { db, adapter } = fakeDatabase(
    { script: (text) => (text === "in hook" && adapter.opens === 1 ? { lost: "unknown" } : undefined) },
    { afterConnection: (connection) => void connection.query("in hook").catch(() => undefined) },
  );
  await expect(db.session((s) => s.query("one"))).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    details: { adapter: "fake" },
    outcome: "not-executed",
  });
  await db.session((s) => s.query("two"));
  expect(adapter.flights).toEqual(["1: in hook", "2: in hook", "2: begin | two", "2: commit"]);
});

test("a hook that leaves a transaction open is wrong, and its connection is closed", async () => {
  const { db, adapter } = fakeDatabase(
    { script: (text) => (text === "in hook" ? { state: "transaction" } : undefined) },
    { afterConnection: async (connection) => void (await connection.query("in hook")) },
  );
  await expect(db.session((s) => s.query("one"))).rejects.toThrow("Expected hooks to leave no transaction open");
  expect(adapter.log).toEqual(["open 1", "1: in hook", "close 1"]);
});

test("a connection that a hook kept is refused after the hook", async () => {
  let kept: { query(text: string): Promise<unknown> } | undefined;
  const { db } = fakeDatabase({}, { afterConnection: (connection) => void (kept = connection) });
  await db.autocommit.query("one");
  await expect(kept!.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("hooks make tables and functions on the real sql.js, and the first statement finds them", async () => {
  const db = await memoryDatabase({
    afterFirstConnection: (connection) =>
      connection.queue("create table made (n)", { text: "insert into made values (?)", params: [7] }),
    afterConnection: ({ raw }) =>
      (raw as { create_function(name: string, work: (n: number) => number): void }).create_function(
        "twice",
        (n) => 2 * n,
      ),
  });
  expect(await db.sql`select twice(n) as n from made`).toEqual([{ n: 14 }]);
});
