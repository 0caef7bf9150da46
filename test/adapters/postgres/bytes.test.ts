// Promise: bytes are written as PostgreSQL reads them.

import { expect, test } from "vitest";
import { bind } from "../../../src/adapters/postgres/values.ts";

const written = (value: Uint8Array | Uint8Array[]): unknown => bind({ text: "select $1", params: [value] }).values[0];

test("every byte, none, a part of a buffer, and those in a list", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(written(all)).toBe(`\\x${Buffer.from(all).toString("hex")}`);
  expect(written(new Uint8Array())).toBe("\\x");
  expect(written([all.subarray(9, 11), all.subarray(255)])).toBe('{"\\\\x090a","\\\\xff"}');
});
