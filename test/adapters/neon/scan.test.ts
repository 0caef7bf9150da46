import { expect, test } from "vitest";
import { scan } from "../../../src/adapters/neon/scan.ts";

test.each([
  ["SELECT $1, '$2', \"$3\", $$ $4 $$, $tag$ $5 $x$ $tag$, E'\\'$6' /* $7 /* $8 */ $9 */ -- $10\n, $2", 2],
  ["SELECT a$1, b$$, $11", 11],
  ["SELECT 'it''s $1' || $1", 1],
  ["SELECT U&'\\0041 $1', e'\\\\', $1", 1],
  ["SELECT 1", 0],
])("placeholders are counted where they are ones: %s", (text, placeholders) => {
  expect(scan(text).placeholders).toBe(placeholders);
});

test.each([
  "SELECT ';'",
  "SELECT 1;",
  ";SELECT 1 ; -- ; SELECT 2",
  "SELECT $$;$$, $a$ ; $a$, E'\\';', \";\" /* ; /* ; */ ; */ ;",
  "DO $$ BEGIN PERFORM 1; PERFORM 2; END $$",
  "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
  "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END $f$;",
])("one statement is one: %s", (text) => {
  expect(scan(text).stray).toBe(-1);
});

test.each([
  ["SELECT 1; SELECT 2", 10],
  ["SELECT 1;; /* x */ DELETE FROM t", 19],
  ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE t", 60],
  ["SELECT E'\\\\'; DROP TABLE t", 14],
  ["SELECT 'a\0b'", 9],
])("a second statement is found: %s", (text, at) => {
  expect(scan(text).stray).toBe(at);
});

test.each(["", "--", "/* /* */", ";;", "  \n"])("nothing is no statement: %j", (text) => {
  expect(scan(text).verb).toBe("");
});

test.each([
  "set x = 1",
  "SET SESSION x = 1",
  "RESET ALL",
  "CREATE TEMP TABLE t ()",
  "create or replace temporary view v as select 1",
  "CREATE TABLE pg_temp.t ()",
  "SELECT 1 INTO TEMP t",
  "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
  "SELECT pg_try_advisory_lock_shared(1, 2)",
  "SELECT set_config('a.b', $1, $2)",
  "DISCARD ALL",
])("what outlives its transaction is seen: %s", (text) => {
  expect(scan(text).leavesState).toBe(true);
});

test.each([
  "SET LOCAL x = 1",
  "SET TRANSACTION READ ONLY",
  "SET CONSTRAINTS ALL DEFERRED",
  "UPDATE t SET x = 1",
  "SELECT pg_advisory_xact_lock(1)",
  "SELECT set_config('a.b', 'c', true)",
  "DECLARE c CURSOR FOR SELECT 1",
  "CREATE TABLE temp (temporary int)",
  "SELECT 'CREATE TEMP TABLE', \"pg_advisory_lock\"",
])("what does not is let through: %s", (text) => {
  expect(scan(text).leavesState).toBe(false);
});

test("hostile texts take time in proportion to their length", () => {
  for (const part of [
    "$a$",
    "$a$ $b$",
    "/*",
    "'",
    "E'\\",
    '"',
    "((",
    "set_config(",
    "a ",
    "$1 ",
    "; ",
    "--\n",
    "BEGIN ATOMIC ",
  ]) {
    const startedAt = performance.now();
    scan(part.repeat(100_000));
    expect(performance.now() - startedAt, part).toBeLessThan(2_000);
  }
});
