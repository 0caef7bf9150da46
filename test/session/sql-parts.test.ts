import { expect, test } from "vitest";
import type { SqlPart } from "../../src/session/sql-query.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("sql.id() quotes a name, and a path of names", () => {
  const { sql } = fakeDatabase().db;
  expect(sql.id("order").toStatement("?")).toEqual({ text: '"order"', params: [] });
  expect(sql.id("shop", 'a"b').toStatement("$")).toEqual({ text: '"shop"."a""b"', params: [] });
  expect(() => (sql.id as () => unknown)()).toThrow(TypeError);
  expect(() => sql.id(undefined as never)).toThrow("Expected `sql.id()` to be given texts, got `undefined`");
});

test("sql.join() makes a parameter of each value, and text of each part", () => {
  const { db } = fakeDatabase();
  const { sql } = db;
  expect(db.sql`select * from item where id in (${sql.join([1, 2, 3])})`.toStatement("$")).toEqual({
    text: "select * from item where id in ($1, $2, $3)",
    params: [1, 2, 3],
  });
  const all = [db.sql`a = ${1}`, db.sql`b = ${"x"}`, sql.raw("c is null")];
  expect(db.sql`where ${sql.join(all, " and ")} limit ${5}`.toStatement("?")).toEqual({
    text: "where a = ? and b = ? and c is null limit ?",
    params: [1, "x", 5],
  });
  expect(sql.join([1, 2], db.sql` + ${0} + `).toStatement("$")).toEqual({ text: "$1 + $2 + $3", params: [1, 0, 2] });
  expect(sql.join([["a", "b"]]).toStatement("$")).toEqual({ text: "$1", params: [["a", "b"]] });
  expect(db.sql`in (${sql.join([])})`.toStatement("?")).toEqual({ text: "in ()", params: [] });
  expect(() => sql.join("ab" as never)).toThrow("Expected `sql.join()` to be given a list, got `string`");
  expect(() => sql.join([1], 5 as never)).toThrow(TypeError);
});

test("sql.raw() is text as it stands, also as a whole statement", async () => {
  const { db, adapter } = fakeDatabase();
  await db.query(db.sql.raw("vacuum"));
  await db.batch([db.sql.raw("one"), db.sql`two ${db.sql.raw("'$1'")} ${2}`]);
  expect(adapter.flights).toEqual(["1: vacuum", "1: begin | one | two '$1' ? | commit"]);
  expect(() => db.sql.raw(5 as never)).toThrow(TypeError);
});

test("a part is no query: it is not awaited, and runs nowhere by itself", () => {
  const { db, adapter } = fakeDatabase();
  const part = db.sql.id("x");
  expect("then" in part).toBe(false);
  expect(adapter.flights).toEqual([]);
});

test("query() takes a query, and a statement", async () => {
  const { db, adapter } = fakeDatabase({ script: () => ({ columns: ["n"], rows: [[1]] }) });
  const expected = { rows: [{ n: 1 }], columns: ["n"], rowsAffected: 0 };
  const { signal } = new AbortController();
  expect(await db.query(db.sql`one ${1}`)).toEqual(expected);
  expect(await db.query({ text: "two ?", params: [2] }, { timeoutMs: 1_000, signal })).toEqual(expected);
  expect(adapter.flights).toEqual(["1: one ?", "1: two ?"]);
  await expect(db.query({ text: "two" }, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
});

test("db.sql called with a text says what a text is for", () => {
  const { db } = fakeDatabase();
  for (const wrong of ["select 1", ["select 1"], undefined])
    expect(() => db.sql(wrong as never)).toThrow(/Expected a template, sql`select …`; a text is for query\(/);
});

test("`sql` taken out of its database says where it belongs, and its parts need none", async () => {
  const { db } = fakeDatabase();
  const { sql } = db;
  expect(() => sql`select 1`).toThrow("Expected `sql` of a database or session, called as db.sql`select …`");
  await db.session((session) => {
    const { sql: alone } = session;
    expect(() => alone`select 1`).toThrow(/^Expected `sql` of a database or session/);
  });
  expect(await db.query(db.sql`select ${sql.id("a")} in (${sql.join([1])})`)).toBeDefined();
});

test("a query shows what it is", () => {
  const { db } = fakeDatabase();
  expect(Object.prototype.toString.call(db.sql`x`)).toBe("[object SqlQuery]");
});

test("one template is written for what it is given: a value or a part, in either style", () => {
  const { db } = fakeDatabase();
  const lookup = (given: SqlPart | number) => db.sql`select * from item where id = ${given}`;
  const parameter = "select * from item where id = ";
  for (const id of [1, 2]) {
    expect(lookup(id).toStatement("?")).toEqual({ text: `${parameter}?`, params: [id] });
    expect(lookup(id).toStatement("$")).toEqual({ text: `${parameter}$1`, params: [id] });
    expect(lookup(db.sql.raw("parent")).toStatement("?")).toEqual({ text: `${parameter}parent`, params: [] });
    expect(lookup(db.sql`abs(${id})`).toStatement("$")).toEqual({ text: `${parameter}abs($1)`, params: [id] });
  }
});

test("strings that are no template's own may change between two calls", () => {
  const { db } = fakeDatabase();
  const strings = Object.assign(["a = ", ""], { raw: ["a = ", ""] }) as unknown as TemplateStringsArray;
  expect(db.sql(strings, 1).toStatement("?").text).toBe("a = ?");
  (strings as unknown as string[])[0] = "b = ";
  expect(db.sql(strings, 1).toStatement("?").text).toBe("b = ?");
});
