// Promise: a stream's lines are read as they come, however they are cut, in time that grows with their length.

import { expect, onTestFinished, test, vi } from "vitest";
import { readLines } from "../../../src/adapters/libsql/lines.ts";

const { signal } = new AbortController();

function bodyOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += size)));
    },
  });
}

test.each([1, 2, 3, 5, 7, 1_000])("in pieces of %i bytes", async (size) => {
  const values = [{ a: "naïve 🦆" }, [1, "\n"], "", { b: null }];
  for (const end of ["\n", ""]) {
    const text = `\n${values.map((value) => JSON.stringify(value)).join("\n\n")}${end}`;
    const read: unknown[] = [];
    for await (const value of readLines(bodyOf(text, size), signal)) read.push(value);
    expect(read).toEqual(values);
  }
});

test("of a long line, each piece is looked through once", async () => {
  const look = vi.spyOn(String.prototype, "split");
  onTestFinished(() => look.mockRestore());
  const length = 1_000_000;
  for await (const value of readLines(bodyOf(`${JSON.stringify("x".repeat(length))}\n`, 1_000), signal))
    expect(value).toHaveLength(length);
  const looked = look.mock.contexts.reduce<number>((sum, text) => sum + String(text).length, 0);
  look.mockRestore();
  expect(looked).toBeGreaterThan(length);
  expect(looked).toBeLessThan(2 * length);
});
