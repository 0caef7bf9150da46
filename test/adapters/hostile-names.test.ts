// Names that come from outside, by `sql.id()` on real engines: whatever they hold, they are names, and nothing of them runs.

import { AsyncLocalStorage } from "node:async_hooks";
import { Client } from "pg";
import initSqlJs from "sql.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { postgres } from "../../src/adapters/pg/index.ts";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { type AdapterFactory, asyncLocal, createDatabase, type Database } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";

const NAMES = [
  'a"; DROP TABLE kept; --',
  '"',
  '""',
  "'; DROP TABLE kept; --",
  "`] DROP TABLE kept",
  "a\\",
  "a$$b$$",
  "a/*",
  "*/ -- b",
  "?1 :a $1 %s",
  "a.b.c",
  " ",
  "select",
  "line\nbreak",
  "\u202egnirts",
  "naïve 🦆",
  "__proto__",
  "constructor",
];

function open(url: string, adapter: AdapterFactory): Database {
  const db = createDatabase(url, { adapters: [adapter], context: asyncLocal(AsyncLocalStorage) });
  onTestFinished(() => db.dispose());
  return db;
}

const engines: Readonly<Record<string, () => Promise<Database>>> = {
  "sql.js": async () => open("sqljs:memory", sqlJs({ sqlJs: await initSqlJs() })),
  libSQL: async () => {
    const server = await startLibsqlServer();
    onTestFinished(() => server.stop());
    return open(server.url, libsql());
  },
  PostgreSQL: async () => {
    const server = await startNeonServer();
    onTestFinished(() => server.stop());
    return open(server.plainUrl, postgres({ Client }));
  },
};

describe.each(Object.entries(engines))("on %s", (name, start) => {
  test("each names its table, its column and its alias", async () => {
    const db = await start();
    await db.query("CREATE TABLE kept (n INTEGER)");
    for (const each of NAMES) {
      const id = db.sql.id(each);
      await db.sql`CREATE TABLE ${id} (${id} INTEGER)`.run();
      await db.sql`INSERT INTO ${id} (${id}) VALUES (${7})`.run();
      const rows = await db.sql`SELECT ${id} AS ${id} FROM ${id} WHERE ${id} = ${7}`;
      expect(Object.entries(rows[0]!), each).toEqual([[each, 7]]);
      await db.sql`DROP TABLE ${id}`.run();
    }
    expect((await db.query("SELECT count(*) AS n FROM kept")).rows).toEqual([{ n: expect.anything() }]);
  });

  test("one with a NUL names nothing, and nothing of it runs", async () => {
    const db = await start();
    await db.query("CREATE TABLE kept (n INTEGER)");
    const id = db.sql.id('a\0"; DROP TABLE kept; --');
    await expect(db.sql`CREATE TABLE ${id} (n INTEGER)`.run(), name).rejects.toThrow();
    expect((await db.query("SELECT count(*) AS n FROM kept")).rows).toEqual([{ n: expect.anything() }]);
  });
});
