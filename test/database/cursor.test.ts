import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";
import { thingDatabase } from "../pydal/sql-js.ts";

const script = (text: string) =>
  text.startsWith("select")
    ? { columns: ["n"], rows: [[1], [2], [3], [4], [5]] }
    : text === "update"
      ? { rowsAffected: 7 }
      : undefined;

test("a cursor executes, and its rows are there to fetch: one, some, all that are left", async () => {
  const { db } = fakeDatabase({ script });
  await db.session(async ({ cursor }) => {
    expect([cursor.description, cursor.rowCount, cursor.lastRowid, cursor.fetchOne()]).toEqual([
      undefined,
      -1,
      undefined,
      undefined,
    ]);
    expect(await cursor.execute("select n")).toBe(cursor);
    expect(cursor.description).toEqual(["n"]);
    expect(cursor.rowCount).toBe(5);
    expect(cursor.fetchOne()).toEqual({ n: 1 });
    expect(cursor.fetchMany(2)).toEqual([{ n: 2 }, { n: 3 }]);
    expect(cursor.fetchMany(0)).toEqual([]);
    expect(cursor.fetchAll()).toEqual([{ n: 4 }, { n: 5 }]);
    expect([cursor.fetchOne(), cursor.fetchMany(2), cursor.fetchAll()]).toEqual([undefined, [], []]);
  });
});

test("for a statement without rows the cursor tells how many were changed", async () => {
  const { db } = fakeDatabase({ script });
  await db.session(async ({ cursor }) => {
    await cursor.execute("select n");
    await cursor.execute("update");
    expect([cursor.description, cursor.rowCount, cursor.fetchOne()]).toEqual([undefined, 7, undefined]);
  });
});

test("a cursor is read in a loop, from where it stands", async () => {
  const { db } = fakeDatabase({ script });
  await db.session(async ({ cursor }) => {
    await cursor.execute("select n");
    cursor.fetchOne();
    const seen: unknown[] = [];
    for await (const row of cursor) seen.push(row);
    expect(seen).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  });
});

test("values travel as parameters, and the id of the inserted row comes back", async () => {
  const db = await thingDatabase();
  await db.session(async ({ cursor }) => {
    await cursor.execute("insert into thing (name) values (?)", ["a'b"]);
    expect(cursor.lastRowid).toBe(1);
    expect(cursor.rowCount).toBe(1);
    await cursor.execute("select name from thing where name = :name", { name: "a'b" });
    expect(cursor.fetchAll()).toEqual([{ name: "a'b" }]);
  });
});

test("the session has one cursor until it is reset; the old one keeps its rows", async () => {
  const { db, adapter } = fakeDatabase({ script });
  await db.session(async (s) => {
    const { cursor } = s;
    expect(s.cursor).toBe(cursor);
    expect(db.cursor).toBe(cursor);
    await cursor.execute("select n");
    const other = db.resetCursor();
    expect(other).not.toBe(cursor);
    expect(s.cursor).toBe(other);
    await other.execute("update");
    expect(cursor.fetchMany(2)).toEqual([{ n: 1 }, { n: 2 }]);
  });
  expect(adapter.flights).toEqual(["1: begin | select n", "1: update", "1: commit"]);
});

test("a cursor that fails keeps no rows of the statement before", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "bad" ? { error: new Error("bad") } : script(text)) });
  await db.session(async ({ cursor }) => {
    await cursor.execute("select n");
    await expect(cursor.execute("bad")).rejects.toThrow("bad");
    expect([cursor.description, cursor.rowCount, cursor.fetchOne()]).toEqual([undefined, -1, undefined]);
  });
});

test("a cursor that was closed says so", async () => {
  const { db } = fakeDatabase({ script });
  await db.session(async ({ cursor }) => {
    await cursor.execute("select n");
    cursor.close();
    expect(cursor.fetchAll()).toEqual([]);
    await expect(cursor.execute("select n")).rejects.toThrow(/resetCursor/);
  });
});

test("outside of any session there is no cursor", () => {
  const { db } = fakeDatabase();
  expect(() => db.cursor).toThrow(/SESSION_REQUIRED/);
  expect(() => db.resetCursor()).toThrow(/SESSION_REQUIRED/);
});

test.each([-1, 1.5, Number.NaN, undefined, "2"])(
  "fetchMany(%j) is a TypeError, and the cursor stays where it is",
  async (count) => {
    const { db } = fakeDatabase({ script });
    await db.session(async ({ cursor }) => {
      await cursor.execute("select n");
      cursor.fetchOne();
      expect(() => cursor.fetchMany(count as number)).toThrow(/^Expected `count` to be an integer >= 0, got/);
      expect(cursor.fetchOne()).toEqual({ n: 2 });
    });
  },
);

// FOUND: what was left of the statement before it stayed: its place among the rows, and its columns.
test("of two statements at once, the cursor has the second one's rows from the first on, or its count", async () => {
  const { db } = fakeDatabase({ script: (text) => Promise.resolve(script(text)) });
  await db.session(async ({ cursor }) => {
    const first = cursor.execute("select n");
    await Promise.all([...Array(5)].map(async () => undefined));
    const second = cursor.execute("select n");
    await first;
    expect(cursor.fetchMany(2)).toHaveLength(2);
    await second;
    expect(cursor.fetchAll()).toHaveLength(5);
    await Promise.all([cursor.execute("select n"), cursor.execute("update")]);
    expect([cursor.description, cursor.rowCount]).toEqual([undefined, 7]);
    const late = cursor.execute("select n");
    cursor.close();
    await late;
    expect(cursor.fetchAll()).toEqual([]);
  });
});
