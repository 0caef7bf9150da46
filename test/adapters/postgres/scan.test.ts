import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { processorMs } from "../../kit/processor-time.ts";
import { scan } from "../../../src/adapters/postgres/scan.ts";

test.each([
  ["SELECT $1, '$2', \"$3\", $$ $4 $$, $tag$ $5 $x$ $tag$, E'\\'$6' /* $7 /* $8 */ $9 */ -- $10\n, $2", 2],
  ["SELECT a$1, b$$, $11", 11],
  ["SELECT 'it''s $1' || $1", 1],
  ["SELECT U&'\\0041 $1', e'\\\\', $1", 1],
  ["SELECT 1", 0],
  // In an E string a quote that is doubled, or a string that goes on behind a line's end, is no end of it.
  ["SELECT E'it''s \\' $1', $2", 2],
  ["SELECT E'a' \n\t 'b\\' $1', $2", 2],
  ["SELECT 'a'\n'\\', $1", 1],
  ["SELECT $1 -- $2\r, $3", 3],
  // What stands in a body is the function's own, or the prepared statement's.
  ["CREATE FUNCTION f(int) RETURNS int RETURN $1 + 1", 0],
  ["create or replace procedure p(int) BEGIN ATOMIC INSERT INTO t VALUES ($1); END", 0],
  ["PREPARE p (int) AS SELECT $1", 0],
  ["EXPLAIN SELECT $1", 1],
  ["CREATE TABLE t AS SELECT $1::int", 1],
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
  "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2))",
  `CREATE FUNCTION f(${"x int, ".repeat(200)} y int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END`,
])("one statement is one: %s", (text) => {
  expect(scan(text).stray).toBe(-1);
});

test.each([
  ["SELECT 1; SELECT 2", 10],
  ["SELECT 1;; /* x */ DELETE FROM t", 19],
  ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE t", 60],
  ["SELECT E'\\\\'; DROP TABLE t", 14],
  ["SELECT 'a\0b'", 9],
  ["SELECT '🦆', '\udd86'", 14],
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
  "SELECT set_config('a.b', 'c', false), coalesce(x, true)",
  "SELECT set_config('a.b', set_config('c.d', 'e', true), false)",
  "SELECT set_config('a.b', coalesce(x, true), $1)",
  "SELECT set_config('a.b', 'c', is_local => false)",
  "SELECT pg_catalog.\"set_config\"('a.b', 'c', false)",
  `SELECT ${"1, ".repeat(1_000)} pg_advisory_lock(1)`,
  'SELECT "pg_advisory_lock"(1)',
  "SELECT 1 INTO LOCAL TEMPORARY TABLE t",
  "SELECT 1 INTO pg_temp.t",
  "((SELECT 1 INTO TEMP t))",
  'CREATE FUNCTION "pg_temp".f() RETURNS int RETURN 1',
  "EXPLAIN (ANALYZE) CREATE TEMP TABLE t AS SELECT 1",
  "UPDATE ONLY pg_catalog.pg_settings SET setting = 'UTC' WHERE name = 'TimeZone'",
  "DO $$ BEGIN PERFORM set_config('a.b', 'c', false); END $$",
  "DO $x$ BEGIN IF true THEN SET a.b = 'c'; END IF; END $x$ LANGUAGE plpgsql",
  "do language plpgsql 'begin create temp table t (); end'",
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
  "SELECT set_config('a.b', 'c', 't'), set_config('a.b', lower('C'), TRUE )",
  "SELECT set_config('a.b', set_config('c.d', ',)', true), true)",
  "DROP TABLE pg_temp.t",
  "INSERT INTO temp VALUES (1)",
  "DO $$ BEGIN SET LOCAL a.b = 'c'; UPDATE t SET x = 1; PERFORM set_config('a.b', 'c', true); END $$",
  "DO $$ BEGIN INSERT INTO t VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 2; END $$",
])("what does not is let through: %s", (text) => {
  expect(scan(text).leavesState).toBe(false);
});

test.each([
  "COPY t FROM STDIN",
  "copy (SELECT 1) TO STDOUT",
  `COPY t (${"a, ".repeat(1_000)} b) FROM STDIN WITH (FORMAT csv)`,
])("COPY through the connection is seen: %s", (text) => {
  expect(scan(text).isBarred).toBe(true);
});

test("what only looks like it is not", () => {
  expect(["COPY t FROM 'stdin'", "SELECT 'COPY t FROM STDIN'"].map((text) => scan(text).isBarred)).toEqual([
    false,
    false,
  ]);
});

test.each(["/* /* */ */ COMMIT", "-- x\rROLLBACK", "; ;START TRANSACTION", "/**/end", "PREPARE TRANSACTION 'x'"])(
  "what begins or ends a transaction is seen, however it hides: %j",
  (text) => {
    expect(scan(text).isBarred).toBe(true);
  },
);

const HOSTILE: [part: string, head?: string][] = [
  ["$a$"],
  ["$a$ $b$"],
  ["/*"],
  ["'"],
  ["E'\\"],
  ["E'a'\n"],
  ["'\n\n", "E'"],
  ["''", "E'"],
  ['"'],
  ["(("],
  ["set_config("],
  ["set_config(1, true)"],
  [", true)", "SELECT set_config("],
  ["a "],
  ["$1 "],
  ["; "],
  ["--\n"],
  ["BEGIN ATOMIC "],
  ["CREATE OR REPLACE ", "EXPLAIN "],
  ["pg_temp.", "SELECT "],
  ["INTO LOCAL ", "WITH "],
  ["SET LOCAL; ", "DO $$ "],
];

test.each(HOSTILE)("hostile texts take time in proportion to their length: %j", (part, head = "") => {
  // With the square of it, it would be minutes.
  const limitMs = 5_000;
  let bestMs = Infinity;
  for (let tries = 0; tries < 3 && bestMs > limitMs; tries++) {
    const startedAt = processorMs();
    scan(`${head}${part.repeat(100_000)}${tries}`);
    bestMs = Math.min(bestMs, processorMs() - startedAt);
  }
  expect(bestMs).toBeLessThan(limitMs);
});

test("a text of millions of escapes is no deep recursion", () => {
  expect(scan(`SELECT E'${"\\n".repeat(4_000_000)}', $1`).placeholders).toBe(1);
});

test("large texts are not kept for long, however many there are", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let n = 0; n < 200; n++) scan(`SELECT ${n}, '${"x".repeat(200_000)}'`);
  expect(used() - before).toBeLessThan(4_000_000);
  const [text] = ["SELECT 'again'"];
  expect(scan(text)).toBe(scan(text));
});
