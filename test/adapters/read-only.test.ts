// A session that may only read writes nothing: in a transaction, and where each of its statements stands alone.

import { describe, expect, onTestFinished, test } from "vitest";
import { d1 } from "../../src/adapters/d1/index.ts";
import { neonHttp } from "../../src/adapters/neon/http-entry.ts";
import { createDatabase, type Database, type DatabaseOptions } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";
import { openOwnD1 } from "../servers/d1/own-d1.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { engines } from "./engines.ts";
import { driver } from "./neon/driver.ts";
import { optionsFor } from "./neon/target.ts";

const defaults = { accessMode: "read only" } as const;
const WRITE = "insert into item values (2)";

async function neonOverHttp(options?: Partial<DatabaseOptions>): Promise<Database> {
  const server = await startNeonServer();
  const { neonConfig } = optionsFor(driver, server);
  const db = createDatabase(server.url, {
    adapters: [neonHttp({ neon: driver.neon, Client: driver.Client, neonConfig })],
    ...options,
  });
  onTestFinished(async () => {
    await db.dispose();
    await server.stop();
  });
  return db;
}

async function start(open: (typeof engines)[string]): Promise<Database> {
  const db = await open({ defaults });
  await db.session((session) => session.batch(["create table item (id int)", "insert into item values (1)"]), {
    transaction: false,
    accessMode: "read write",
  });
  return db;
}

async function all<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const read: R[] = [];
  for await (const row of rows) read.push(row);
  return read;
}

const refused = { code: "QUERY_FAILED", outcome: "not-executed", details: { kind: "permission" } };
const count = async (db: Database): Promise<number> => (await db.autocommit.query("select id from item")).rows.length;

describe.each(Object.entries(engines))("%s", (_, open) => {
  test("by default: lone statements, lists, scripts, streams and plain sessions are refused their writes", async () => {
    const db = await start(open);
    await expect(db.query(WRITE)).rejects.toMatchObject(refused);
    await expect(db.sql`insert into item values (${2})`.run()).rejects.toMatchObject(refused);
    await expect(db.autocommit.raw(WRITE)).rejects.toMatchObject(refused);
    await expect(db.autocommit.batch(["select 1", WRITE])).rejects.toMatchObject(refused);
    await expect(db.script(`${WRITE}; ${WRITE};`)).rejects.toMatchObject(refused);
    await expect(all(db.autocommit.stream(`${WRITE} returning id`))).rejects.toMatchObject(refused);
    await db.session(
      async (session) => {
        await expect(session.query(WRITE)).rejects.toMatchObject(refused);
        await expect(session.commit(WRITE)).rejects.toMatchObject(refused);
        await expect(session.cursor.execute(WRITE)).rejects.toMatchObject(refused);
        await expect(all(session.stream(`${WRITE} returning id`))).rejects.toMatchObject(refused);
        const inner = session.transaction((part) => part.query(WRITE));
        await expect(inner).rejects.toMatchObject(refused);
        expect((await session.query("select id from item")).rows).toEqual([{ id: 1 }]);
        expect(await all(session.stream("select id from item"))).toEqual([{ id: 1 }]);
      },
      { transaction: false },
    );
    expect(await count(db)).toBe(1);
  });

  test("a transaction whose commit was refused for a write of its own is read only as before", async () => {
    const db = await start(open);
    await db.session(async (session) => {
      await session.query("select id from item");
      await expect(session.commit(WRITE)).rejects.toMatchObject(refused);
      await session.rollback();
      await session.query("select id from item");
      await expect(session.commit("select 1", WRITE)).rejects.toMatchObject(refused);
      await expect(session.batch(["select 1", WRITE])).rejects.toMatchObject(refused);
      await expect(session.query(WRITE)).rejects.toMatchObject(refused);
      await session.rollback();
    });
    expect(await count(db)).toBe(1);
  });

  test("a stream that is left early gives its session back, and the next statement", async () => {
    const db = await start(open);
    await db.session(
      async (session) => {
        for await (const row of session.stream("select id from item union all select 2")) {
          expect(row).toEqual({ id: 1 });
          break;
        }
        await expect(session.query(WRITE)).rejects.toMatchObject(refused);
      },
      { transaction: false },
    );
    for await (const _ of db.autocommit.stream("select id from item")) break;
    expect(await count(db)).toBe(1);
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  });
});

// sql.js has one connection: nobody else writes while a session has it.
test.each(Object.entries(engines).filter(([name]) => name !== "sql.js"))(
  "%s: what a plain session reads is what is there by then",
  async (_, open) => {
    const db = await start(open);
    await db.session(
      async (reader) => {
        expect((await reader.query("select id from item")).rows).toHaveLength(1);
        await db.session((writer) => writer.query(WRITE), { accessMode: "read write" });
        expect((await reader.query("select id from item")).rows).toHaveLength(2);
      },
      { transaction: false },
    );
  },
);

test.each([
  ["PostgreSQL", engines["PostgreSQL"]!],
  ["Neon over HTTP", neonOverHttp],
])("%s: a view that writes when it is read is refused, beside reads of its turn as well", async (_, open) => {
  const db = await start(open);
  const views = ["create sequence s", "create view numbered as select nextval('s') as n"];
  await db.session((session) => session.batch(views), { transaction: false, accessMode: "read write" });
  const [number, rows] = await Promise.allSettled([
    db.autocommit.query("select n from numbered"),
    db.autocommit.query("select id from item"),
  ]);
  expect(number).toMatchObject({ status: "rejected", reason: refused });
  expect(rows).toMatchObject({ status: "fulfilled", value: { rows: [{ id: 1 }] } });
});

test("Neon over HTTP: lone statements and lists are refused their writes", async () => {
  const db = await start(neonOverHttp);
  await expect(db.autocommit.query(WRITE)).rejects.toMatchObject(refused);
  await expect(db.autocommit.batch(["select 1", WRITE])).rejects.toMatchObject(refused);
  expect(await count(db)).toBe(1);
});

test("D1: lone statements and lists are refused their writes", async () => {
  const own = openOwnD1();
  const db = await start(async (options) => createDatabase("d1:DB", { adapters: [d1(() => own.binding)], ...options }));
  onTestFinished(async () => {
    await db.dispose();
    own.close();
  });
  await expect(db.autocommit.query(WRITE)).rejects.toMatchObject(refused);
  await expect(db.autocommit.batch(["select 1", WRITE])).rejects.toMatchObject(refused);
  expect(await count(db)).toBe(1);
});

test("it costs no flight: BEGIN and COMMIT ride with the statement", async () => {
  const { db, adapter } = fakeDatabase({}, { defaults });
  await db.autocommit.query("one");
  await db.session((session) => session.query("two"), { transaction: false });
  expect(adapter.flights).toEqual(["1: begin | one | commit", "1: begin | two | commit"]);
  expect(adapter.begins).toEqual([defaults, defaults]);
});
