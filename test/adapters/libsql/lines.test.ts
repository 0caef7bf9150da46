// Promise: a stream's lines are read as they come, however they are cut, in time that grows with their length.

import { expect, test } from "vitest";
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

test("a line of four times the length costs four times as much", async () => {
  const cost = async (length: number): Promise<number> => {
    const body = bodyOf(`${JSON.stringify("x".repeat(length))}\n`, 1_000);
    const { user } = process.cpuUsage();
    for await (const value of readLines(body, signal)) expect(value).toHaveLength(length);
    return process.cpuUsage().user - user;
  };
  await cost(1_000_000);
  const one = Math.max(await cost(2_000_000), 10_000);
  expect(await cost(8_000_000)).toBeLessThan(10 * one);
});
