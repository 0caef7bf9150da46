// Promise: a CSV file gives the same rows however it is cut into pieces.

import { expect, test } from "vitest";
import { type CsvOptions, previewCsv, readCsv } from "../../demo/page/csv/reader.ts";

async function rowsOf(text: string, options?: CsvOptions): Promise<string[][]> {
  const rows: string[][] = [];
  for await (const batch of readCsv(new Blob([text]), options)) rows.push(...batch.rows);
  return rows;
}

const TEXT = 'name,note\r\nÅsa,"a, b"\r\n"Zoë","two\r\nlines"\r\n"say ""hi""",€ 5\r\n日本,\r\n';
const ROWS = [
  ["name", "note"],
  ["Åsa", "a, b"],
  ["Zoë", "two\r\nlines"],
  ['say "hi"', "€ 5"],
  ["日本", ""],
];

test.each([1, 2, 3, 5, 7, 11, 16, 64, 4096])("pieces of %i bytes give the same rows", async (size) => {
  // Longer than what the delimiter is told from, so that later pieces are read with what the first told.
  const head = "x".repeat(4096);
  expect(await rowsOf(TEXT, { pieceBytes: size })).toEqual(ROWS);
  expect((await rowsOf(`${head},y\r\n${TEXT}`, { pieceBytes: size })).slice(1)).toEqual(ROWS);
});

test("the delimiter is found: semicolons and tabs", async () => {
  expect(await rowsOf("a;b\n1,5;2\n")).toEqual([
    ["a", "b"],
    ["1,5", "2"],
  ]);
  expect(await rowsOf("a\tb\n1\t2\n")).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
});

test("batches hold as many rows as asked, and tell how far the file is read", async () => {
  const file = new Blob([Array.from({ length: 25 }, (_, at) => `${at},x\n`).join("")]);
  const batches = [];
  for await (const { rows, bytesRead } of readCsv(file, { batchRows: 10 })) batches.push([rows.length, bytesRead]);
  expect(batches).toEqual([
    [10, file.size],
    [10, file.size],
    [5, file.size],
  ]);
});

test("a byte order mark is no part of the first name", async () => {
  expect(await rowsOf("\ufeffid,n\n1,2\n")).toEqual([
    ["id", "n"],
    ["1", "2"],
  ]);
});

test("a quote that is never closed is an error, not a row", async () => {
  await expect(rowsOf('a,b\n"1,2\n3,4\n')).rejects.toThrow("never closed");
});

test("a preview gives the first rows, and an empty file none", async () => {
  expect(await previewCsv(new Blob(["a\n1\n2\n3\n"]), 2)).toEqual([["a"], ["1"]]);
  expect(await previewCsv(new Blob([]), 2)).toEqual([]);
});
