// PYDAL.md section 6, "Transactions". Cases 48 and 53 are not in that list, 55 is for later.

import { describe, expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";
import { names, thingDatabase } from "./sql-js.ts";

const boom = new Error("boom");

test("case 44: commit() and rollback() with no connection resolve without opening one", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async () => {
    await db.commit();
    await db.rollback();
    await db.commit();
  });
  const session = db.open();
  await session.rollback();
  await session.close();
  expect(adapter.log).toEqual([]);
});

describe("case 45: reconnect() closes, which commits, then opens", () => {
  test("pending work is committed, and the next statement begins anew", async () => {
    const { db, adapter } = fakeDatabase();
    await db.session(async (s) => {
      await s.query("insert");
      const connection = await s.reconnect();
      expect(connection.raw).toBe(adapter.connections[0]!.raw);
      await s.query("update");
    });
    expect(adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: begin | update", "1: commit"]);
  });

  test("a commit that fails rejects it", async () => {
    const error = queryFailed("foreign-key");
    const { db, adapter } = fakeDatabase({
      script: (text) => (text === "commit" ? { error, state: "transaction" } : undefined),
    });
    const session = db.open();
    await session.query("insert");
    await expect(session.reconnect()).rejects.toBe(error);
    expect(adapter.log.at(-1)).toBe("close 1");
    await expect(session.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("it opens when nothing was open, and revives a session that was closed by hand", async () => {
    const { db, adapter } = fakeDatabase();
    await db.session(async (s) => {
      await db.reconnect();
      expect(adapter.log).toEqual(["open 1"]);
      await s.close();
      await s.reconnect();
      await s.query("alive");
    });
    expect(adapter.flights).toEqual(["1: begin | alive", "1: commit"]);
  });
});

describe("case 46: close() keeps the seed's default action", () => {
  test.each<["commit" | "rollback" | null | undefined, string]>([
    [undefined, "commit"],
    ["commit", "commit"],
    ["rollback", "rollback"],
    [null, "rollback"],
  ])("close(%j) ends pending work with %s, and pools the connection", async (action, settled) => {
    const { db, adapter } = fakeDatabase();
    const session = db.open();
    await session.query("insert");
    await session.close(action);
    expect(adapter.flights).toEqual(["1: begin | insert", `1: ${settled}`]);
    expect(db.stats()).toMatchObject({ idle: 1 });
  });

  test("a callable decides for itself, and what it leaves undecided is rolled back", async () => {
    const { db, adapter } = fakeDatabase();
    for (const decide of [true, false]) {
      const session = db.open();
      await session.query("insert");
      await session.close(async (given) => {
        expect(given).toBe(session);
        await given.query("last");
        if (decide) await given.commit();
      });
    }
    expect(adapter.flights).toEqual([
      "1: begin | insert",
      "1: last",
      "1: commit",
      "1: begin | insert",
      "1: last",
      "1: rollback",
    ]);
    expect(db.stats()).toMatchObject({ idle: 1 });
  });

  test("an action that fails rejects with its error, after the connection was closed", async () => {
    const { db, adapter } = fakeDatabase();
    const session = db.open();
    await session.query("insert");
    await expect(session.close(() => Promise.reject(boom))).rejects.toBe(boom);
    expect(adapter.log.slice(-2)).toEqual(["1: rollback", "close 1"]);
    expect(db.stats()).toMatchObject({ open: 0 });
  });
});

test("case 47: work that throws leaves nothing behind, and its very error is thrown again", async () => {
  const db = await thingDatabase();
  const work = db.session(async (s) => {
    await s.query("insert into thing (name) values ('a')");
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  const nothing = db.transaction(async (tx) => {
    await tx.query("insert into thing (name) values ('b')");
    // Not an Error: what is thrown is nobody's business but the caller's.
    throw undefined;
  });
  await expect(nothing).rejects.toBeUndefined();
  expect(await names(db)).toEqual([]);
});

test("case 49: what an inner transaction does never commits the outer's work, and a savepoint takes back its own", async () => {
  const db = await thingDatabase();
  const work = db.session(async (s) => {
    await s.query("insert into thing (name) values ('outer')");
    await db.transaction(() => db.query("insert into thing (name) values ('joined')"));
    await db.transaction((tx) => tx.query("insert into thing (name) values ('nested')"), { propagation: "nested" });
    await db
      .transaction(
        async (tx) => {
          await tx.query("insert into thing (name) values ('taken back')");
          throw boom;
        },
        { propagation: "nested" },
      )
      .catch(() => undefined);
    expect(await s.sql`select name from thing order by id`.values()).toEqual([["outer"], ["joined"], ["nested"]]);
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect(await names(db)).toEqual([]);
});

test("case 50: after a statement that aborted the transaction, others are refused until the rollback, and release rolls back", async () => {
  const error = queryFailed("unique");
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "bad" ? { error, state: "failed" } : undefined) });
  const session = db.open();
  await expect(session.query("bad")).rejects.toBe(error);
  await expect(session.query("next")).rejects.toMatchObject({
    code: "ROLLBACK_ONLY",
    outcome: "not-executed",
    cause: error,
  });
  await expect(session.commit("next")).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
  await session.rollback();
  await session.query("anew");
  await expect(session.query("bad")).rejects.toBe(error);
  await session.close(null);
  expect(adapter.flights).toEqual(["1: begin | bad", "1: rollback", "1: begin | anew", "1: bad", "1: rollback"]);
  expect(db.stats()).toMatchObject({ idle: 1 });
});

test.each(["commit", "rollback"] as const)(
  "case 51: the error of an explicit db.%s() is the caller's",
  async (settle) => {
    const error = queryFailed("other");
    let isBroken = true;
    const { db } = fakeDatabase({
      script: (text) => (text === settle && isBroken ? { error, state: "transaction" } : undefined),
    });
    await db.session(async (s) => {
      await s.query("insert");
      await expect(db[settle]()).rejects.toBe(error);
      isBroken = false;
      await s.rollback();
    });
  },
);

test("case 52: two tasks on one database neither see nor commit each other's uncommitted work", async () => {
  const { db, adapter } = fakeDatabase();
  const gate = deferred();
  const first = db.session(async () => {
    await db.query("first");
    await gate.promise;
    throw boom;
  });
  const second = db.session(() => db.query("second"));
  await second;
  gate.resolve();
  await expect(first).rejects.toBe(boom);
  expect(adapter.flights).toEqual(["1: begin | first", "2: begin | second", "2: commit", "1: rollback"]);
});

test("case 52: on one connection they take turns, and a rollback of the one takes nothing of the other", async () => {
  const db = await thingDatabase();
  const results = await Promise.allSettled([
    db.session(async () => {
      await db.query("insert into thing (name) values ('first')");
      await new Promise((resolve) => setImmediate(resolve));
      expect((await db.query("select name from thing")).rows).toEqual([{ name: "first" }]);
      throw boom;
    }),
    db.session(() => db.query("insert into thing (name) values ('second')")),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(await names(db)).toEqual(["second"]);
});

test("case 54: where there are no interactive transactions, asking for one is refused before anything is opened", async () => {
  const { db, adapter } = fakeDatabase({ capabilities: { transactions: "batch" } });
  const refused = { code: "TRANSACTION_UNSUPPORTED", outcome: "not-executed", details: { adapter: "fake" } };
  await expect(db.transaction((tx) => tx.query("insert"))).rejects.toMatchObject(refused);
  await expect(db.session((s) => s.commit("insert"))).rejects.toMatchObject(refused);
  const session = db.open();
  await expect(session.query("insert")).rejects.toMatchObject(refused);
  await session.close();
  const plain = db.open({ transaction: false });
  await expect(plain.transaction((tx) => tx.query("insert"))).rejects.toMatchObject(refused);
  await plain.close();
  expect(adapter.log).toEqual([]);
});
