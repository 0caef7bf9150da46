// Asserts of our own: the contract runs where no test runner does.

import { type DbError, type ErrorCode, isDbError } from "../../errors.ts";

export function assert(isTrue: unknown, message: string): asserts isTrue {
  if (!isTrue) throw new Error(message);
}

/** Equal in value and type, deeply: 1 is not 1n, bytes are compared as bytes. */
export function assertEqual(actual: unknown, expected: unknown, what = "value"): void {
  const [got, wanted] = [show(actual), show(expected)];
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

/** The error that `work` throws or rejects with. */
export async function caught(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure, and there was none");
}

/** The DbError, of this code, that `work` throws or rejects with. */
export async function caughtDbError<Code extends ErrorCode>(code: Code, work: () => unknown): Promise<DbError<Code>> {
  return asDbError(code, await caught(work));
}

export function asDbError<Code extends ErrorCode>(code: Code, error: unknown): DbError<Code> {
  if (isDbError(error, code)) return error;
  throw new Error(`expected a DbError ${code}, got ${String(error)}`, { cause: error });
}

/** A value told apart from all others: type, order of keys, and the signs of zeros. */
function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Object.is(value, -0)) return "-0";
  if (value instanceof Uint8Array) return `bytes(${Array.from(value).join(" ")})`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Error) return String(value);
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${show(inner)}`)
      .join(", ")}}`;
  }
  return String(value);
}
