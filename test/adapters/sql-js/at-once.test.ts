// On an engine in this process a statement is executed within the call that asks for it, unless something else of its session is
// under way: there is no round trip to share.

import initSqlJs from "sql.js";
import { expect, onTestFinished, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";

const engine = await initSqlJs();

function open(): Database {
  const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })] });
  onTestFinished(() => db.dispose());
  return db;
}

test("what is asked is done when the call returns, in order, and its answer is still a promise", async () => {
  const db = open();
  await db.session(async (session) => {
    await session.query("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const { raw } = await session.getConnection();
    const count = (): unknown =>
      (raw as InstanceType<typeof engine.Database>).exec("SELECT count(*) FROM item")[0]!.values[0]![0];
    await session.query("SELECT 1");
    const asked = [1, 2].map((id) => session.query("INSERT INTO item VALUES (?)", [id]));
    expect(count()).toBe(2);
    expect((await Promise.all(asked)).map(({ lastInsertRowid }) => lastInsertRowid)).toEqual([1, 2]);
  });
});

test("one that fails rejects, and nothing is thrown at the one who asks; the next one runs", async () => {
  const db = open();
  await db.session(async (session) => {
    await session.query("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const failing = session.query("INSERT INTO nowhere VALUES (1)");
    const next = session.query("INSERT INTO item VALUES (1)");
    await expect(failing).rejects.toMatchObject({ code: "QUERY_FAILED" });
    expect((await next).rowsAffected).toBe(1);
  });
});

test("a function of SQL that asks the session it runs in is answered behind its own statement", async () => {
  const db = open();
  await db.session(async (session) => {
    await session.query("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const { raw } = await session.getConnection();
    const asked: Promise<unknown>[] = [];
    (raw as InstanceType<typeof engine.Database>).create_function("ask", () => {
      asked.push(session.query("INSERT INTO item VALUES (7)"));
      return 1;
    });
    const { rows } = await session.query("SELECT ask() AS answer, (SELECT count(*) FROM item) AS items");
    expect(rows).toEqual([{ answer: 1, items: 0 }]);
    await Promise.all(asked);
    expect((await session.query("SELECT id FROM item")).rows).toEqual([{ id: 7 }]);
  });
});

test("what is asked while a part is under way waits for its end, as ever", async () => {
  const db = open();
  await db.session(async (session) => {
    await session.query("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const part = session.transaction(
      async (inner) => {
        await inner.query("INSERT INTO item VALUES (1)");
        await inner.query("INSERT INTO item VALUES (2)");
        throw new Error("part");
      },
      { propagation: "nested" },
    );
    const [{ status }, { rows }] = await Promise.all([
      part.then(
        () => ({ status: "kept" }),
        () => ({ status: "undone" }),
      ),
      Promise.resolve().then(() => session.query("SELECT count(*) AS items FROM item")),
    ]);
    expect(status).toBe("undone");
    expect(rows).toEqual([{ items: 0 }]);
  });
});

test("rows that cannot be objects are refused, and the statement was executed once", async () => {
  const db = open();
  await db.session(async (s) => {
    await s.query("create table t (id integer)");
    const refused = s.query("insert into t values (1) returning id as a, id as a");
    await expect(refused).rejects.toMatchObject({ code: "QUERY_FAILED", outcome: "executed" });
    expect(await s.sql`select count(*) as n from t`).toEqual([{ n: 1 }]);
    await expect(s.query("select ?", [])).rejects.toMatchObject({ details: { kind: "parameter" } });
    await expect(s.query("commit")).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
  });
});
