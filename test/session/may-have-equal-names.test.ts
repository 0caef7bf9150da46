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
  "\n alter table t add column b",
  "drop table t",
  "\n update t set a = (select b from u)",
  "delete from t where a in (select a from u)",
  "replace into t select a, b from u join v",
  "\n delete from t where a = 'x' returning a, b",
  "\n select a, b",
  "\n select a || b from t",
  "select coalesce(a, b) from t",
  "\n select stock.tea  as  a,\nstock.cake from stock where a = 'x'",
  "\n select  *  from  shop.stock",
  "select true_price, falsehood from stock",
  "select * from stock ;",
  "select * from stock  where a",
  "select * from stock order by name",
  "select * from stock limit 1",
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
  "delete from t returning a, a",
  "table t",
  "pragma database_list",
  "show all",
  "explain delete from t",
  "explain insert into t values ('x') returning a, b",
  "call f()",
  "fetch all from c",
  "execute p",
  "select a x, b x from t",
  // The end of a name is not the word behind it.
  "select * from work_order join customer on true",
  // PostgreSQL names both ?column?, or bool.
  "select a is distinct from b, c is distinct from d from t",
  "select a is distinct  from b, c is distinct  from d from t",
  "select true, bool from t",
  "select false, bool from t",
  "with t as (select a from u) select * from t join t as s",
  "with t as (select a, b from u) select * from t join t as s",
  "with t as (select * from u limit 1) select * from t join t as s",
])("may: %s", (text) => {
  expect(mayHaveEqualNames(text)).toBe(true);
});

test.each([
  ["select a, b, a", "a"],
  ["select a, a ;\n", "a"],
  ["insert into t values (1) returning a, b as a;", "a"],
  ["select a, a from t", "a"],
  ["select t.a, u.b, u.a\nfrom\nt join u on true where t.a > 1", "a"],
  ["select 1e5, 2e5", undefined],
  ["update t set x = ' returning a, a from '", undefined],
  ["insert into t values (1) -- returning a, a", undefined],
  ["insert into t values (1) /* returning a, a from t */", undefined],
  ["select a, a + 1", undefined],
  ["select a, a || b from t", undefined],
])("of %j the name that is seen to be there twice is %j", (text, name) => {
  expect(equalNameIn(text)).toBe(name);
});
