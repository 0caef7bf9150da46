// COMMIT rides, and statements are held, only where no rows can be refused for two columns of one name: what is not known for sure may have them.

import { expect, test } from "vitest";
import { equalNameIn, mayHaveEqualNames } from "../../src/session/equal-names.ts";

test.each([
  "insert into t values ('select a, a')",
  "INSERT INTO t VALUES (?, 'tea') RETURNING id",
  "insert into t values ('returning x') returning id, name;",
  "update t set a = 'it''s' where b = ? RETURNING t.id, t.name AS title",
  "select id, name from t where kind = 'a, a'",
  "select id, name as title from a join b using (id)",
  "select count(*) from t",
  "select * from t where name = 'x'",
  "create table t (a, b)",
])("cannot: %s", (text) => {
  expect(mayHaveEqualNames(text)).toBe(false);
});

test.each([
  "select a, a from t",
  "select a, A from t where b = 'c'",
  "select a -- from t\n, a from t",
  "select a /* from t */, a from t",
  "select * from a join b using (id)",
  "select a.*, b.* from a, b",
  'select "a", "a" from t join returning on x',
  "insert into t values (1) returning a, a",
  "insert into t values (1) returning a, t.a",
  "insert into t values (1) returning a, 'x returning b'",
  "insert into t values (1) returning a, a -- returning b",
  "insert into t values (1) returning *, a",
  "with x as (select 1) select a, a from x",
  "values (1, 2)",
])("may: %s", (text) => {
  expect(mayHaveEqualNames(text)).toBe(true);
});

test.each([
  ["select a, b, a", "a"],
  ["select a, a ;\n", "a"],
  ["insert into t values (1) returning a, b as a;", "a"],
  ["select a, a + 1", undefined],
  ["select a, a || b from t", undefined],
])("of %j the name that is seen to be there twice is %j", (text, name) => {
  expect(equalNameIn(text)).toBe(name);
});
