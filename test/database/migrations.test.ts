// The example of docs/migrations.md, on real engines.

import { readFileSync } from "node:fs";
import { AsyncLocalStorage } from "node:async_hooks";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgres } from "../../src/adapters/pg/index.ts";
import { asyncLocal, createDatabase, type Database } from "../../src/index.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { migrate, type Migration } from "./migrate.ts";

const FIRST: Migration = {
  name: "0001 shelves",
  statements: [
    "create table shelf (id int primary key)",
    "create table item (id int primary key, shelf_id int references shelf)",
    "insert into shelf values (1)",
    "insert into item values (1, 1)",
  ],
};
const FAILS: Migration = {
  name: "0002 fails",
  statements: ["create table half (id int)", "insert into shelf values (1)"],
};

/** Two databases on the same source, with a pool each, as two programs have. */
async function pair(dialect: "sqlite" | "postgres"): Promise<[Database, Database]> {
  if (dialect === "sqlite") {
    const db = await memoryDatabase();
    return [db, db];
  }
  const server = await startNeonServer();
  const open = (): Database =>
    createDatabase(server.plainUrl, {
      adapters: [postgres({ Client })],
      context: asyncLocal(AsyncLocalStorage),
      // What shapes a session is a pool of its own.
      afterConnection: () => undefined,
    });
  const all: [Database, Database] = [open(), open()];
  onTestFinished(async () => {
    for (const db of all) await db.dispose();
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  });
  return all;
}

describe.each(["sqlite", "postgres"] as const)("on %s", (dialect) => {
  test("each migration runs once, also where two programs start at once", async () => {
    const [one, other] = await pair(dialect);
    const done = await Promise.all([migrate(one, [FIRST]), migrate(other, [FIRST])]);
    expect(done.flat()).toEqual([FIRST.name]);
    expect(await migrate(one, [FIRST])).toEqual([]);
    expect(await one.sql`select id from item`).toEqual([{ id: 1 }]);
  });

  test("one that fails leaves nothing, and those before it stay", async () => {
    const [db] = await pair(dialect);
    await expect(migrate(db, [FIRST, FAILS])).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { kind: "unique" },
    });
    expect(await db.sql`select name from migration`).toEqual([{ name: FIRST.name }]);
    await expect(db.query("select id from half")).rejects.toMatchObject({ code: "QUERY_FAILED" });
  });
});

describe("a table of SQLite that others refer to", () => {
  const rebuilt = (ids: string): Migration => ({
    name: "0002 named shelves",
    foreignKeys: "off",
    statements: [
      "create table new_shelf (id int primary key, name text not null)",
      `insert into new_shelf select id, 'shelf ' || id from shelf where id in (${ids})`,
      "drop table shelf",
      "alter table new_shelf rename to shelf",
    ],
  });

  test("is rebuilt, and keeps those who refer to it", async () => {
    const [db] = await pair("sqlite");
    expect(await migrate(db, [FIRST, rebuilt("1")])).toHaveLength(2);
    expect(await db.sql`select item.id, name from item join shelf on shelf.id = shelf_id`).toEqual([
      { id: 1, name: "shelf 1" },
    ]);
  });

  test("is left as it was, where a reference would lead nowhere", async () => {
    const [db] = await pair("sqlite");
    await expect(migrate(db, [FIRST, rebuilt("2")])).rejects.toMatchObject({ details: { kind: "foreign-key" } });
    expect(await db.sql`select name from migration`).toEqual([{ name: FIRST.name }]);
    expect(await db.sql`select * from shelf`).toEqual([{ id: 1 }]);
  });
});

test("the example in docs/migrations.md is what is tested here", () => {
  const file = readFileSync(new URL("migrate.ts", import.meta.url), "utf8");
  const page = readFileSync(new URL("../../docs/migrations.md", import.meta.url), "utf8");
  expect(page).toContain(`\`\`\`ts\n${file.replace("../../src/index.ts", "isopool")}\`\`\``);
});
