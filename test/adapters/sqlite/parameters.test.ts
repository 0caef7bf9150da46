import initSqlJs from "sql.js";
import { expect, onTestFinished, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { createDatabase } from "../../../src/index.ts";

test("what a library has added to all objects is no named parameter", async () => {
  const { autocommit } = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
  const everything = Object.prototype as { added?: unknown };
  onTestFinished(() => void delete everything.added);
  everything.added = () => "by a library";
  expect((await autocommit.query("select :a as a", { a: 1 })).rows).toEqual([{ a: 1 }]);
  await expect(autocommit.query("select :a as a", { a: 1, b: 2 })).rejects.toThrow("no placeholder is named `b`");
});
