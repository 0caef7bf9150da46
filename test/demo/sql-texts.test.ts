// Promise: the page knows what a statement is before it runs it: one that steers a transaction, one that only reads, one with
// placeholders.

import { expect, test } from "vitest";
import { namedTables } from "../../demo/page/sql/names.ts";
import { keysOf, placeholdersOf, valueOf, Values } from "../../demo/page/sql/parameters.ts";
import { splitStatements } from "../../demo/page/sql/split.ts";
import { controlOf, isRead } from "../../demo/page/sql/verb.ts";

test.each([
  ["begin", { kind: "begin", behavior: undefined }],
  ["BEGIN IMMEDIATE TRANSACTION", { kind: "begin", behavior: "immediate" }],
  ["-- a comment\ncommit", { kind: "commit" }],
  ["end transaction", { kind: "commit" }],
  ["rollback", { kind: "rollback" }],
  ["ROLLBACK TRANSACTION", { kind: "rollback" }],
  ['savepoint "a b"', { kind: "savepoint", name: "a b" }],
  ["release a", { kind: "release", name: "a" }],
  ["release savepoint a", { kind: "release", name: "a" }],
  ["rollback to a", { kind: "rollback-to", name: "a" }],
  ["rollback transaction to savepoint a", { kind: "rollback-to", name: "a" }],
  ["select 'commit'", undefined],
  ["create trigger t after insert on a begin select 1; end", undefined],
])("%s", (sql, control) => {
  expect(controlOf(sql)).toEqual(control);
});

test.each([
  ["select 1", true],
  ["/* x */ values (1)", true],
  ["with a as (select 1) select * from a", true],
  ["with a as (select 1) insert into t select * from a", false],
  ["insert into t values (1) returning *", false],
  ["pragma user_version", false],
  ["explain select 1", false],
])("%s: reads alone: %s", (sql, isSo) => {
  expect(isRead(sql)).toBe(isSo);
});

test("placeholders are those of SQLite, and none in a text or a comment", () => {
  expect(placeholdersOf("select ?, '?', -- ?\n?")).toEqual({ names: [], positions: 2 });
  expect(placeholdersOf("select :a, @b, $c, :a, 'x:y'")).toEqual({ names: [":a", "@b", "$c"], positions: 0 });
  expect(placeholdersOf("select ?2, ?1")).toEqual({ names: [], positions: 2 });
});

test("each statement takes its own values, and names are shared", () => {
  const sql = "select ?; select 1; select ?, ?; select :name; select :name";
  expect(keysOf(splitStatements(sql))).toEqual(["1?1", "2?1", "2?2", ":name"]);
  const given = new Map(["1?1", "2?1", "2?2", ":name"].map((key) => [key, { text: key, type: "text" as const }]));
  const values = new Values(given);
  expect(splitStatements(sql).map(({ text }) => values.next(text))).toEqual([
    ["1?1"],
    [],
    ["2?1", "2?2"],
    { name: ":name" },
    { name: ":name" },
  ]);
});

test.each([
  ["42", "auto", 42],
  ["9007199254740993", "auto", 9007199254740993n],
  ["1.5e3", "auto", 1500],
  ["042", "text", "042"],
  ["x", "auto", "x"],
  ["", "null", null],
] as const)("%j, %s, is bound as it is meant", (text, type, value) => {
  expect(valueOf({ text, type })).toBe(value);
});

test("a blob is given in hex, and what is no number is refused as one", () => {
  expect(valueOf({ text: "00 ff", type: "blob" })).toEqual(Uint8Array.from([0, 255]));
  expect(() => valueOf({ text: "0", type: "blob" })).toThrow("pairs");
  expect(() => valueOf({ text: "ten", type: "number" })).toThrow("no number");
});

test("the tables that a statement names are known, for their columns", () => {
  const sql = 'select 1 from other; select cus from orders o join "order lines", items where ';
  expect(namedTables(sql, sql.length)).toEqual(["orders", "order lines", "items"]);
});
