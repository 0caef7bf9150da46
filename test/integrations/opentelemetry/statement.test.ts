import { expect, test } from "vitest";
import { describe as describeText, describeAll } from "../../../src/integrations/opentelemetry/statement.ts";

test.each([
  ["select * from item", "SELECT item"],
  ['  -- note\n SELECT a.x FROM shop.item a JOIN "the visit" v ON v.id = a.id', "SELECT shop.item the visit"],
  ["insert into item (name) values (?) returning id", "INSERT item"],
  ["update item set x = 1 where y in (select y from visit)", "UPDATE item visit"],
  ["delete from item where id = $1", "DELETE item"],
  ["with old as (select 3 as id) delete from item where id in (select id from old)", "DELETE item old"],
  ["create table if not exists item (id integer)", "CREATE item"],
  ["select 'from secret'", "SELECT"],
  ["select * from (select 1)", "SELECT"],
  ["rollback-to batch", "ROLLBACK TO"],
  ["pragma foreign_keys", "PRAGMA"],
  ["", ""],
])("%s is summed up as %s", (text, summary) => {
  expect(describeText(text).summary).toBe(summary);
});

test.each([
  ["select * from t where a = 'it''s' and b = 12.5 and c = ?", "select * from t where a = ? and b = ? and c = ?"],
  ["select $1, ?2, :a3, t1.x2 from t1 limit 10", "select $1, ?2, :a3, t1.x2 from t1 limit ?"],
  ["select E'a\\'b', $$it's$$, $x$ $$ $x$, 1e5", "select ?, ?, ?, ?"],
  ["select 'open", "select ?"],
  ["select .5, -.25, t.a, a->>.5 from t", "select ?, -?, t.a, a->>? from t"],
  ["select 1 -- s3cr3t\n from t /* s3cr3t */", "select ?  \n from t"],
  ['select "1 column" from `t 2`', 'select "1 column" from `t 2`'],
])("%s is shown as %s", (text, shown) => {
  expect(describeText(text).text).toBe(shown);
});

test("names in brackets, which SQLite has, show no value behind them", () => {
  for (const name of ["[it's]", '[a"b]', "[a`b]", "[a[it's]"])
    expect(describeText(`select ${name} from t where a = 's3cr3t'`).text).not.toContain("s3cr3t");
  expect(describeText("select [a b] from [t] where a = 's3cr3t'")).toMatchObject({
    summary: "SELECT t",
    text: "select [a b] from [t] where a = ?",
  });
  expect(describeText("select array['s3cr3t', 'it''s'] from t", true).text).toBe("select array[?, ?] from t");
});

test("comments nest in PostgreSQL, and nowhere else", () => {
  const text = "select /* a /* b */ s3cr3t */ 1 from t";
  expect(describeText(text, true).text).toBe("select   ? from t");
  expect(describeText("select 1 /* a /* b /* c */ d */ s3cr3t */ from t", true).text).toBe("select ?");
  expect(describeText("select /* a /* b */ 1 from t").text).toBe("select   ? from t");
  expect(describeText("select 1 /* a /* s3cr3t", true).text).toBe("select ?");
});

test("a summary has an end, and not in the middle of a name", () => {
  const text = `select * from ${Array.from({ length: 60 }, (_, at) => `table_${at}`).join(" join ")}`;
  const { summary } = describeText(text);
  expect(summary.length).toBeLessThanOrEqual(255);
  expect(summary).toMatch(/ table_\d+$/);
  expect(text).toContain(`${summary.split(" ").at(-1)!} join`);
});

test("no more of a text is read than anybody would, and a value that is cut off there is not shown", () => {
  const text = `select * from item where name = '${"s3cr3t ".repeat(10_000)}'`;
  expect(describeText(text)).toMatchObject({ summary: "SELECT item", text: "select * from item where name = ?" });
  expect(describeText(`select ${"x, ".repeat(100_000)} 1`).text.length).toBeLessThanOrEqual(4096);
});

test("what isopool adds to a flight is no operation of its own, unless it is alone", () => {
  expect(describeAll(["begin", "select * from item"])).toMatchObject({
    summary: "SELECT item",
    size: 1,
    text: "BEGIN; select * from item",
  });
  expect(describeAll(["rollback-to isopool_1", "release isopool_1"])).toMatchObject({
    operation: "ROLLBACK TO",
    size: 1,
    text: "ROLLBACK TO; RELEASE",
  });
  expect(describeAll(["commit"])).toMatchObject({ operation: "COMMIT", size: 1 });
});
