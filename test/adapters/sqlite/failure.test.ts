// What SQLite's messages tell: as the real engine words them.

import { expect, test } from "vitest";
import { toFailure } from "../../../src/adapters/sqlite/failure.ts";
import { engine } from "../sql-js/target.ts";

const TABLES = `
  CREATE TABLE item (id INTEGER PRIMARY KEY, shelf INTEGER, place INTEGER, name TEXT NOT NULL CHECK (name <> 'it''s, "x"'),
    price REAL, CONSTRAINT cheap CHECK (price < 9), UNIQUE (shelf, place));
  CREATE UNIQUE INDEX by_half ON item (price / 2);
  CREATE TABLE strict_item (id INTEGER PRIMARY KEY, count INTEGER) STRICT;
  CREATE TABLE "a.b" ("c, d" UNIQUE);
  CREATE TABLE part (item INTEGER REFERENCES item);
  PRAGMA foreign_keys = ON;
  INSERT INTO item VALUES (1, 1, 1, 'pen', 1);
  INSERT INTO "a.b" VALUES (1);`;

function messageOf(sql: string): string {
  const db = new engine.Database();
  try {
    db.exec(TABLES);
    db.exec(sql);
    throw new Error("it was done");
  } catch (error) {
    return (error as Error).message;
  } finally {
    db.close();
  }
}

const unique = { kind: "unique", dialectCode: "SQLITE_CONSTRAINT" };

test.each([
  ["INSERT INTO item VALUES (1, 2, 2, 'ink', 2)", { ...unique, table: "item", columns: ["id"] }],
  ["INSERT INTO item VALUES (2, 1, 1, 'ink', 2)", { ...unique, table: "item", columns: ["shelf", "place"] }],
  ["INSERT INTO item VALUES (2, 2, 2, 'ink', 1)", { ...unique, constraint: "by_half" }],
  // Which dot, which comma?
  ['INSERT INTO "a.b" VALUES (1)', unique],
  [
    "INSERT INTO item VALUES (2, 2, 2, NULL, 2)",
    {
      kind: "not-null",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_NOTNULL",
      table: "item",
      columns: ["name"],
    },
  ],
  [
    "INSERT INTO item VALUES (2, 2, 2, 'ink', 20)",
    {
      kind: "check",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_CHECK",
      constraint: "cheap",
    },
  ],
  [
    "INSERT INTO item VALUES (2, 2, 2, 'it''s, \"x\"', 2)",
    {
      kind: "check",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_CHECK",
      constraint: `name <> 'it''s, "x"'`,
    },
  ],
  [
    "INSERT INTO part VALUES (7)",
    { kind: "foreign-key", dialectCode: "SQLITE_CONSTRAINT", extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY" },
  ],
  [
    "INSERT INTO strict_item VALUES (1, 'many')",
    {
      kind: "check",
      dialectCode: "SQLITE_CONSTRAINT",
      extendedCode: "SQLITE_CONSTRAINT_DATATYPE",
      table: "strict_item",
      columns: ["count"],
    },
  ],
  ["INSERT INTO item (id) VALUES ('x')", { kind: "other", dialectCode: "SQLITE_MISMATCH" }],
  ["SELECT * FROM nowhere", { kind: "other", dialectCode: "SQLITE_ERROR" }],
])("%s", (sql, failure) => {
  expect(toFailure(messageOf(sql))).toEqual(failure);
});

test("what may repeat a value is not among them", () => {
  expect(toFailure(messageOf("SELECT json_extract('{}', 'a path')"))).toBeUndefined();
});
