// Rows are objects, and a result says no more than the database did.

import { expect, test } from "vitest";
import { toResult, toRows } from "../../src/session/rows.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("two columns of one name are refused where there are rows, since one of them would be lost", async () => {
  const { db } = fakeDatabase({ script: () => ({ columns: ["a", "a"], rows: [[1, 2]] }) });
  await expect(db.autocommit.query("pairs")).rejects.toMatchObject({
    code: "QUERY_FAILED",
    outcome: "executed",
    message: expect.stringContaining("several columns are named `a`"),
  });
});

test("without rows nothing is lost", async () => {
  const { db } = fakeDatabase({ script: () => ({ columns: ["a", "a"], rows: [] }) });
  expect(await db.autocommit.query("pairs")).toMatchObject({ columns: ["a", "a"], rows: [] });
});

test("a column named __proto__ is a key as any other", () => {
  const [row] = toRows({ columns: ["__proto__", "a"], rows: [["x", 1]] });
  expect(Object.entries(row!)).toEqual([
    ["__proto__", "x"],
    ["a", 1],
  ]);
  row!["__proto__"] = "y";
  expect(Object.keys(structuredClone(row!))).toEqual(["__proto__", "a"]);
});

test("a result names the id of the last row only where the database did", () => {
  const raw = { columns: ["a"], rows: [[1]], rowsAffected: 0 };
  expect(toResult(raw)).toStrictEqual({ columns: ["a"], rows: [{ a: 1 }], rowsAffected: 0 });
  expect(toResult({ ...raw, lastInsertRowid: 7 })).toStrictEqual({
    ...{ columns: ["a"], rows: [{ a: 1 }], rowsAffected: 0 },
    lastInsertRowid: 7,
  });
});

test("the columns of a result are the caller's own", () => {
  for (const lastInsertRowid of [undefined, 7]) {
    const raw = { columns: ["a"], rows: [[1]], rowsAffected: 0, ...(lastInsertRowid && { lastInsertRowid }) };
    expect(toResult(raw).columns).not.toBe(raw.columns);
  }
});

test("the failure of a list names the statement; of one alone, of its COMMIT or of no statement it is as it was", async () => {
  const failure = queryFailed("unique");
  const other = new Error("no failure of a statement");
  let failing = "";
  const { db } = fakeDatabase({
    script: (text) => (text === failing ? { error: failing === "odd" ? other : failure } : undefined),
  });
  const failed = (bad: string, list: string[]): Promise<unknown> => {
    failing = bad;
    return db.batch(list).then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  expect(await failed("b", ["a", "b"])).toMatchObject({
    message: "QUERY_FAILED: statement 2 of 2 in the batch: unique failure",
    details: { statementIndex: 1, kind: "unique" },
  });
  expect(await failed("b", ["b"])).toBe(failure);
  expect(await failed("commit", ["a", "b"])).toBe(failure);
  expect(await failed("odd", ["a", "odd"])).toBe(other);
});
