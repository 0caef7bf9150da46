// Names that come from outside, by `sql.id()` on real engines: whatever they hold, they are names, and nothing of them runs.

import { describe, expect, test } from "vitest";
import { engines } from "./engines.ts";

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
