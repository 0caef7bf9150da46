// Promise: what travels is plain data, and is the same when it has arrived: errors with all that they tell, values as they were.

import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { join, toOutcome } from "../../../src/adapters/hosted/results.ts";
import { toWireFlight, type WireOutcome } from "../../../src/adapters/hosted/wire.ts";
import { fromWireError, toWireError } from "../../../src/adapters/hosted/wire-error.ts";
import { DbError, isDbError } from "../../../src/errors.ts";
import { Parcel } from "../../../src/integrations/pool-host/parcel.ts";
import type { SqlValue } from "../../../src/index.ts";

const send = <T>(value: T): T => structuredClone(value);

test("an error arrives with its code, details, outcome and causes", () => {
  const root = Object.assign(new Error("socket closed"), { code: "ECONNRESET", stack: "secret path" });
  const cause = new DbError("CONNECTION_LOST", "gone", { adapter: "postgres" }, { cause: root, retryable: true });
  const details = { maxWaiting: 1, max: 2 } as { maxWaiting: number };
  const error = new DbError("POOL_FULL", "1 wait already", details, {
    cause,
    outcome: "not-executed",
    retryable: true,
  });
  const back = fromWireError(send(toWireError(error))) as DbError;
  expect(isDbError(back, "POOL_FULL")).toBe(true);
  const { code, message, retryable, outcome } = error;
  expect(back).toMatchObject({ code, message, details, retryable, outcome });
  expect(isDbError(back.cause, "CONNECTION_LOST")).toBe(true);
  expect((back.cause as Error).cause).toMatchObject({ message: "socket closed", code: "ECONNRESET" });
});

test("errors that are none of ours keep their name, and whatever is thrown arrives as an error", () => {
  expect(fromWireError(send(toWireError(new TypeError("Expected x"))))).toEqual(new TypeError("Expected x"));
  expect(fromWireError(send(toWireError(new RangeError("far"))))).toMatchObject({ name: "RangeError", message: "far" });
  for (const thrown of ["text", undefined, null, 7])
    expect(fromWireError(send(toWireError(thrown)))).toBeInstanceOf(Error);
  const round: Error & { cause?: unknown } = new Error("round");
  round.cause = round;
  expect(fromWireError(send(toWireError(round))).message).toBe("round");
});

test("a flight is plain data: of BEGIN what the server needs, of values their texts, of parsers the types", () => {
  const options = { isolationLevel: "serializable", signal: new AbortController().signal, waitUntil: () => undefined };
  const statement = { text: "SELECT $1, $2", params: [7n, new Uint8Array(10).subarray(2, 4)], parsers: { 20: BigInt } };
  const flight = toWireFlight({
    steps: [
      { kind: "begin", options: options as never },
      { kind: "query", statement, guarded: true, onError: "continue" },
      { kind: "commit" },
    ],
  });
  expect(send(flight)).toEqual({
    steps: [
      { kind: "begin", options: { isolationLevel: "serializable" } },
      {
        kind: "query",
        statement: { text: "SELECT $1, $2", params: ["7", "\\x0000"], asText: [20] },
        guarded: true,
        onError: "continue",
      },
      { kind: "commit" },
    ],
  });
});

const MIB = 2 ** 20;

function carry(rows: readonly (readonly unknown[])[]): { readonly rows: unknown; readonly messages: number } {
  const result = { columns: ["a", "b"], rows: rows as SqlValue[][], rowsAffected: 0 };
  const parcel = new Parcel([
    { status: "done", result: { ...result, rows: [[1, 2]] } },
    { status: "done", result },
    { status: "done", result: { ...result, rows: [[3, 4]] } },
  ]);
  const outcomes = send(parcel.outcomes);
  for (const piece of parcel.pieces) join(outcomes, send(piece));
  const [before, outcome, after] = outcomes.map((each) => toOutcome(each, undefined));
  expect([before, after]).toMatchObject([{ result: { rows: [[1, 2]] } }, { result: { rows: [[3, 4]] } }]);
  if (outcome!.status !== "done") throw (outcome as { error: Error }).error;
  return { rows: outcome!.result.rows, messages: 1 + parcel.pieces.length };
}

test.each([
  ["none", []],
  ["one", [[null, "x"]]],
  ["many small ones", Array.from({ length: 1_000 }, (_, n) => [n, "x"])],
])("rows that fit travel in one message: %s", (_, rows) => {
  expect(carry(rows)).toEqual({ rows, messages: 1 });
});

test.each([
  ["many rows", Array.from({ length: 12 }, (_, n) => [n, "x".repeat(MIB)])],
  [
    "a large text, one of two halves at each cut",
    [
      ["a".repeat(3), `${"🦆".repeat(3 * MIB)}!`],
      [1, 2],
    ],
  ],
  [
    "large bytes",
    [
      [new Uint8Array(17 * MIB).fill(7), null],
      ["b", 2],
    ],
  ],
  ["many columns that are too much together", [Array.from({ length: 12 }, () => "x".repeat(MIB))]],
  ["JSON beside a large text", [[{ a: [1, { b: "c" }] }, "x".repeat(9 * MIB)]]],
])("rows that do not fit travel in several, and arrive whole: %s", (_, rows) => {
  const { rows: arrived, messages } = carry(rows);
  expect(messages).toBeGreaterThan(2);
  // To show where such values differ would take minutes.
  expect(isDeepStrictEqual(arrived, rows)).toBe(true);
});

test("bytes that are a part of a buffer leave the rest of it behind", () => {
  const buffer = new Uint8Array(100).fill(9);
  const { outcomes } = new Parcel([
    { status: "done", result: { columns: ["a"], rows: [[buffer.subarray(10, 12)]], rowsAffected: 0 } },
  ]);
  const [outcome] = send(outcomes) as [Extract<WireOutcome, { status: "done" }>];
  expect((outcome.result.rows[0]![0] as Uint8Array).buffer.byteLength).toBe(2);
});

test.each([
  ["a function", () => 1],
  ["an instance of a class", new URL("https://shop.example")],
  ["a Map", new Map()],
  ["JSON of more than three messages", { text: "x".repeat(13 * MIB) }],
])("%s cannot travel: the statement was executed, and its outcome says so", (_, value) => {
  const failure = (() => {
    try {
      return carry([[value, 1]]);
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toMatchObject({ code: "QUERY_FAILED", outcome: "executed", cause: { name: "TypeError" } });
});
