// Promise: a text of several statements is split where SQLite would split it.

import { expect, test } from "vitest";
import { splitStatements } from "../../demo/page/sql/split.ts";

const texts = (sql: string): string[] => splitStatements(sql).map(({ text }) => text);

test("statements end at semicolons, and the last one needs none", () => {
  expect(texts("select 1; select 2")).toEqual(["select 1", "select 2"]);
});

test("a semicolon in a text, a name or a comment ends nothing", () => {
  expect(texts(`select ';' as "a;b", [c;d] -- one; two\n/* three; four */ from t; select 'it''s; fine'`)).toHaveLength(
    2,
  );
});

test("a trigger keeps the statements of its body", () => {
  const trigger = "create temp trigger t after insert on a begin update b set n = 1; delete from c; end";
  expect(texts(`${trigger}; select 1;`)).toEqual([trigger, "select 1"]);
});

test("a case inside a trigger does not end it", () => {
  const trigger =
    "create trigger t after insert on a begin update b set n = case when 1 then 2 end; delete from c; end";
  expect(texts(`${trigger}; select 1`)).toEqual([trigger, "select 1"]);
});

test("blanks, comments and lone semicolons are no statements", () => {
  expect(texts(" ;; -- nothing\n /* here */ ; ")).toEqual([]);
});

test("each statement tells where it begins", () => {
  const sql = "select 1;\n\n  select 'ü';\nselect 3";
  expect(splitStatements(sql).map(({ text, start }) => sql.startsWith(text, start))).toEqual([true, true, true]);
});

test("what is never closed runs to the end, and is one statement", () => {
  expect(texts("select 'open; select 2")).toEqual(["select 'open; select 2"]);
});
