import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a query runs once, however often it is awaited", async () => {
  const { db, adapter } = fakeDatabase({ script: () => ({ columns: ["n"], rows: [[1]], rowsAffected: 1 }) });
  await db.session(async (s) => {
    const query = s.sql<{ n: number }>`insert ${1}`;
    expect(await query).toEqual([{ n: 1 }]);
    expect(await query.first()).toEqual({ n: 1 });
    expect(await query.values()).toEqual([[1]]);
    expect(await query.run()).toMatchObject({ rowsAffected: 1 });
    await Promise.all([query, query.catch(() => undefined), query.finally(() => undefined)]);
  });
  expect(adapter.flights).toEqual(["1: begin | insert ?", "1: commit"]);
});

test("a query that is never awaited never runs", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => {
    void s.sql`insert`;
  });
  expect(adapter.log).toEqual([]);
});

test("queries compose, and values stay parameters", async () => {
  const { db } = fakeDatabase();
  const where = db.sql`where a = ${1} and b = ${"x"}`;
  const query = db.sql`select * from t ${where} limit ${5}`;
  expect(query.toStatement("?")).toEqual({
    text: "select * from t where a = ? and b = ? limit ?",
    params: [1, "x", 5],
  });
  expect(query.toStatement("$").text).toBe("select * from t where a = $1 and b = $2 limit $3");
});

test("a query belongs to the session where it was made", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (outer) => {
    const query = db.sql`made outside`;
    await db.transaction(() => query, { propagation: "requires-new" });
    void outer;
  });
  expect(adapter.flights).toEqual(["1: begin | made outside", "1: commit"]);
});

test("duplicate column names are refused as objects and read as arrays", async () => {
  const { db } = fakeDatabase({ script: () => ({ columns: ["id", "id"], rows: [[1, 2]] }) });
  await expect(db.autocommit.query("join")).rejects.toThrow(/several columns are named `id`.*\.values\(\)/);
  expect(await db.autocommit.sql`join`.values()).toEqual([[1, 2]]);
});

test("a column named __proto__ is a key like any other", async () => {
  const { db } = fakeDatabase({ script: () => ({ columns: ["__proto__"], rows: [["x"]] }) });
  const [row] = (await db.autocommit.query("odd")).rows;
  expect(Object.keys(row!)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});
