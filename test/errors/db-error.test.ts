import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { DbError, isDbError } from "../../src/index.ts";

const details = { waitedMs: 5, max: 1, busy: 1, waiting: 0 };

test("an error tells its code ahead of its message, its details, and what it means for the caller", () => {
  const cause = new Error("cause");
  const error = new DbError("POOL_TIMEOUT", "waited 5 ms", details, { cause, retryable: true, outcome: "unknown" });
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe("DbError");
  expect(error.message).toBe("POOL_TIMEOUT: waited 5 ms");
  expect(String(error)).toBe("DbError: POOL_TIMEOUT: waited 5 ms");
  expect(error).toMatchObject({ code: "POOL_TIMEOUT", details, retryable: true, outcome: "unknown", cause });
});

test("by default nothing was executed, and doing it again is of no use; without a cause there is none", () => {
  const error = new DbError("POOL_CLOSED", "gone", { pool: "x" });
  expect(error).toMatchObject({ retryable: false, outcome: "not-executed" });
  expect("cause" in error).toBe(false);
  expect("cause" in new DbError("POOL_CLOSED", "gone", { pool: "x" }, { cause: undefined })).toBe(false);
});

test("printed, it shows its code once and its details, and no trace of how it is marked", () => {
  const printed = inspect(new DbError("POOL_TIMEOUT", "waited", details));
  expect(printed).toMatch(/^DbError: POOL_TIMEOUT: waited\n/);
  expect(printed).toContain("waitedMs: 5");
  expect(printed).not.toContain("Symbol(");
});

test("it crosses JSON with what callers look at", () => {
  const {
    code,
    details: told,
    retryable,
    outcome,
  } = JSON.parse(JSON.stringify(new DbError("POOL_TIMEOUT", "waited", details))) as DbError;
  expect({ code, told, retryable, outcome }).toEqual({
    code: "POOL_TIMEOUT",
    told: details,
    retryable: false,
    outcome: "not-executed",
  });
});

describe("isDbError", () => {
  test("knows an error of ours, and its code", () => {
    const error: unknown = new DbError("POOL_CLOSED", "gone", { pool: "x" });
    expect(isDbError(error)).toBe(true);
    expect(isDbError(error, "POOL_CLOSED")).toBe(true);
    expect(isDbError(error, "POOL_TIMEOUT")).toBe(false);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "POOL_CLOSED"],
    ["another error", Object.assign(new Error("POOL_CLOSED"), { code: "POOL_CLOSED" })],
    ["an object that looks like one", { name: "DbError", code: "POOL_CLOSED", message: "POOL_CLOSED: gone" }],
  ])("refuses %s", (_what, value) => {
    expect(isDbError(value)).toBe(false);
    expect(isDbError(value, "POOL_CLOSED")).toBe(false);
  });

  test("works across two copies of the package", async () => {
    const path: string = "../../src/errors.ts?copy=2";
    const copy = (await import(path)) as typeof import("../../src/errors.ts");
    expect(copy.DbError).not.toBe(DbError);
    const theirs = new copy.DbError("POOL_CLOSED", "gone", { pool: "x" });
    expect(theirs).not.toBeInstanceOf(DbError);
    expect(isDbError(theirs, "POOL_CLOSED")).toBe(true);
    expect(copy.isDbError(new DbError("POOL_CLOSED", "gone", { pool: "x" }), "POOL_CLOSED")).toBe(true);
  });
});
