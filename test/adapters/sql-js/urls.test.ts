import { expect, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { adapter } from "./connection.ts";

test("a database is private as sqljs:memory, and shared by its name", () => {
  expect(adapter("sqljs:memory").key).toBeUndefined();
  expect(adapter("sqljs:shop-1.2_x").key).toBe("sqljs:shop-1.2_x");
  expect(adapter("SQLJS:shop").key).toBe("sqljs:shop");
});

test("a wrong URL is a TypeError that shows it, what is expected, and no password", () => {
  for (const url of [
    "sqljs:",
    "sqljs://shop",
    "sqljs:a/b",
    "sqljs:..",
    "sqljs:shop?x=1",
    "sqljs:shop\n",
    "sqlite:shop",
  ]) {
    expect(() => adapter(url)).toThrow(
      new TypeError(`Expected \`sqljs:memory\` or \`sqljs:<name>\` (letters, digits, . _ -), got \`${url}\``),
    );
  }
  expect(() => adapter("sqljs://ada:hunter2@host/shop")).toThrow(expect.not.stringContaining("hunter2"));
  expect(() => adapter("sqljs://ada:hunter2@host/shop")).toThrow("host/shop");
});

test("sql.js must be given", () => {
  expect(() => sqlJs({ sqlJs: undefined as never })).toThrow(TypeError);
});
