import { describe, expect, test } from "vitest";
import { processorMs } from "../../kit/processor-time.ts";
import { scan } from "../../../src/adapters/sqlite/scan.ts";

describe("the scanner sees what SQLite sees", () => {
  test.each([
    ["SELECT ?, ?", ["", ""]],
    ["SELECT ?3, ?", ["", "", "", ""]],
    ["SELECT :a, @b, $c, :a", ["a", "b", "c"]],
    ["SELECT :a, @a", ["a", "a"]],
    ["SELECT $a::b", ["a::b"]],
    // As SQLite reads them: https://sqlite.org/lang_expr.html#varparam
    ["SELECT $a(b), $a(c)", ["a(b)", "a(c)"]],
    ["SELECT :a(b), @a(b), $a::b(c)", ["a(b)", "a(b)", "a::b(c)"]],
    ["SELECT $a('), $b(--x)\n, $c(/*), ?", ["a(')", "b(--x)", "c(/*)", ""]],
    ["SELECT #a, a#b", ["a", "b"]],
    ["SELECT $a (b)", ["a"]],
    ["SELECT '?', \"?\", `?`, [?] -- ?\n, /* ? */ ?", [""]],
    ["SELECT 'it''s ?', ?", [""]],
    ["SELECT a$b, x.y ->> '$.z', 'a' || ?", [""]],
    ["SELECT 'never closed ? ", []],
    ["SELECT 1 /* never closed ? ", []],
  ])("placeholders of %s", (text, slots) => {
    expect(scan(text).slots).toEqual(slots);
  });

  test.each([
    ["  -- x\n/* y */ select 1", "SELECT"],
    [";; insert into t values (1)", "INSERT"],
    ["with a as (select 1), b(x) as materialized (select ')') delete from t", "DELETE"],
    ["WITH a AS (DELETE) SELECT 1", "SELECT"],
    ["values (1)", "VALUES"],
    ["with replace as (select 1 as x) select * from replace", "SELECT"],
    ["with recursive insert(x) as not materialized (values (1)), 'delete' as (select 2) select 1", "SELECT"],
    ["with [update](x) as (select 1) replace into t select * from [update]", "REPLACE"],
    ["explain create trigger t after insert on a begin select 1; end", "EXPLAIN"],
    ["", ""],
    ["-- nothing", ""],
  ])("the verb of %s", (text, verb) => {
    expect(scan(text).verb).toBe(verb);
  });

  test.each([
    ["select 1", -1],
    ["select 1;  ; -- x", -1],
    ["select 1; select 2", 10],
    [";;select ';' ;x", 14],
    ["select 1 \0 select 2", 9],
    ["select '🦆', '\ud83e'", 14],
    ["create trigger t after insert on a begin select 1; update b set c = case when 1 then 2 end; end", -1],
    ["CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;", -1],
    ["create trigger t after insert on a begin select 1; end; drop table a", 56],
    ["create table trigger_log (a); drop table a", 30],
    ["explain create trigger t after insert on a begin select 1; select 2; end", -1],
    ["explain query plan create temp trigger t after insert on a begin select 1; end; select 1", 80],
    ["select $a(;), 1; select 2", 17],
    ["select 1; 'x'", 10],
    ["select 1;[x]", 9],
  ])("where a second statement begins in %j", (text, stray) => {
    expect(scan(text).stray).toBe(stray);
  });

  test.each([
    ["PRAGMA foreign_keys = 0", true],
    ["pragma /* x */ main . cache_size(5)", true],
    ["PRAGMA foreign_keys", false],
    ['PRAGMA "foreign_keys" = 0', true],
    ["pragma'foreign_keys'(0)", true],
    ["PRAGMA [main] . `cache_size` = 5", true],
    ["PRAGMA 'foreign_keys'", false],
    ["PRAGMA table_info(t)", false],
    ["PRAGMA main.user_version = 4", false],
    ["PRAGMA application_id = 4", false],
    // A pragma acts while it is prepared: EXPLAIN does not keep it from acting.
    ["EXPLAIN PRAGMA foreign_keys = 0", true],
    ["explain query plan pragma main.'cache_size'(3)", true],
    ["EXPLAIN PRAGMA foreign_keys", false],
    ['PRAGMA "table_info"(t)', false],
    ["EXPLAIN SELECT 1", false],
    ["attach ':memory:' as side", true],
    ["create temporary view v as select 1", true],
    ["create table if not exists temp . t (a)", true],
    ['create table "temp".t (a)', true],
    ["create view [temp] . 'v' as select 1", true],
    ["create table t (\"a.b\" default '.')", false],
    ["create table temperature (a)", false],
    ["select 1 as temp", false],
  ])("what %s leaves behind", (text, leavesState) => {
    expect(scan(text).leavesState).toBe(leavesState);
  });

  const many = 1e5;
  test.each(
    Object.entries({
      "nested parentheses": "(".repeat(many),
      "a large number": "?99999999",
      "comments that are not closed": "/*".repeat(many),
      "quotes that are not closed": "'".repeat(2 * many + 1),
      semicolons: ";".repeat(many),
      "a list of tables": `with ${"a,".repeat(many)}`,
      "spaces in a CREATE": `create ${" ".repeat(many)}x`,
      "temporary things": `create ${"temp ".repeat(many)}`,
      "spaces in a PRAGMA": `pragma ${" ".repeat(many)}x${" ".repeat(many)}`,
      "words in a PRAGMA": `pragma ${"a_".repeat(many)}`,
      "quotes in a PRAGMA": `pragma ${"'a' ".repeat(many)}`,
      "quotes in a CREATE": `create ${'"a" '.repeat(many)}`,
      "ends of a trigger": `create trigger t ${"; end ".repeat(many)}`,
      "spaces in a trigger": `create trigger t ;${" ".repeat(many)}`,
      "parameters that are not closed": "$a(".repeat(many),
      "parameters in parentheses": "$a(b)".repeat(many / 4),
    }),
  )("%s take no more time than the text is long", (_, text) => {
    const started = processorMs();
    const { slots } = scan(text);
    expect(processorMs() - started).toBeLessThan(1_000);
    expect(slots.length).toBeLessThan(40_000);
  });
});
