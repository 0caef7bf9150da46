// Promise: what a connection has kept of D1's schema decides nothing once that was changed, by a migration for example.

import { expect, onTestFinished, test } from "vitest";
import { d1 } from "../../../src/adapters/d1/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { openOwnD1 } from "../../servers/d1/own-d1.ts";

/** Of two databases on one binding the first has read the schema; `change` comes from the other. */
async function open(...change: string[]): Promise<{ db: Database; sent: () => number }> {
  let requests = 0;
  const own = openOwnD1({ onExchange: () => requests++ });
  const [db, other] = ["d1:DB", "d1:OTHER"].map((url) =>
    createDatabase(url, { adapters: [d1(() => own.binding)], pool: { max: 1 } }),
  ) as [Database, Database];
  onTestFinished(async () => {
    await Promise.all([db.dispose(), other.dispose()]);
    own.close();
  });
  await other.autocommit.batch([
    "CREATE TABLE goods (n)",
    "CREATE TABLE log (n)",
    "CREATE TRIGGER logs AFTER INSERT ON goods BEGIN INSERT INTO log VALUES (NEW.n); END",
    "CREATE TABLE apart (n)",
  ]);
  expect(await writeAndRead(db, "INSERT INTO goods VALUES (1)", "SELECT n FROM apart")).toEqual([]);
  if (change.length > 0) await other.autocommit.batch(change);
  return { db, sent: () => requests - (requests = 0) };
}

const writeAndRead = async (db: Database, write: string, read: string): Promise<unknown> =>
  db.session(async (session) => {
    await session.query(write);
    return (await session.query(read)).rows;
  });

const refused = { code: "TRANSACTION_UNSUPPORTED", outcome: "not-executed" };

test("a query of a table that is new is answered", async () => {
  const { db } = await open("CREATE TABLE newer (n)");
  expect(await writeAndRead(db, "INSERT INTO goods VALUES (2)", "SELECT n FROM newer")).toEqual([]);
  expect((await db.autocommit.query("SELECT n FROM goods")).rows).toEqual([{ n: 1 }, { n: 2 }]);
});

test("a query of what the transaction has written is refused as that, and not as a change of others", async () => {
  const { db } = await open("CREATE TABLE newer (n)");
  await expect(writeAndRead(db, "INSERT INTO newer VALUES (2)", "SELECT n FROM newer")).rejects.toMatchObject(refused);
});

test("what a trigger that is new may have written is not taken for unwritten", async () => {
  const trigger = "CREATE TRIGGER moves AFTER INSERT ON goods BEGIN INSERT INTO apart VALUES (NEW.n); END";
  const { db } = await open(trigger);
  await expect(writeAndRead(db, "INSERT INTO goods VALUES (2)", "SELECT n FROM apart")).rejects.toMatchObject(refused);
});

test("a trigger that is gone refuses nothing", async () => {
  const { db } = await open("DROP TRIGGER logs");
  expect(await writeAndRead(db, "INSERT INTO goods VALUES (2)", "SELECT n FROM log")).toEqual([{ n: 1 }]);
});

test("queries of one flight are each decided anew, and those ahead of the first write are answered", async () => {
  const { db } = await open("CREATE TABLE newer (n)");
  const told = await db.session(async (session) => {
    const asked = ["SELECT n FROM goods", "INSERT INTO newer VALUES (2)", "SELECT n FROM newer", "SELECT n FROM apart"];
    const settled = await Promise.allSettled(asked.map((text) => session.query(text)));
    await session.rollback();
    return settled.map((each) =>
      each.status === "fulfilled" ? each.value.rows : (each.reason as { code: string }).code,
    );
  });
  expect(told).toEqual([[{ n: 1 }], [], "TRANSACTION_UNSUPPORTED", []]);
});

test("a query that was let pass by the old schema is decided again, where the next one is by the new", async () => {
  const trigger = "CREATE TRIGGER moves AFTER INSERT ON goods BEGIN INSERT INTO apart VALUES (NEW.n); END";
  const { db } = await open("DROP TRIGGER logs", trigger);
  const told = await db.session(async (session) => {
    const asked = ["INSERT INTO goods VALUES (2)", "SELECT n FROM apart", "SELECT n FROM log"];
    const settled = await Promise.allSettled(asked.map((text) => session.query(text)));
    await session.rollback();
    return settled.map(({ status }) => status);
  });
  expect(told).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a schema that has stayed costs nothing", async () => {
  const { db, sent } = await open();
  sent();
  await writeAndRead(db, "INSERT INTO goods VALUES (2)", "SELECT n FROM apart");
  expect(sent()).toBe(2);
});
