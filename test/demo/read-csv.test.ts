// Promise: a CSV file gives the same rows however it is cut into pieces, in whatever encoding it is.

import { expect, test } from "vitest";
import { findEncoding } from "../../demo/page/csv/encoding.ts";
import type { Field } from "../../demo/page/csv/parser.ts";
import { type CsvOptions, readCsv } from "../../demo/page/csv/reader.ts";

async function rowsOf(content: BlobPart, options?: CsvOptions): Promise<(readonly Field[])[]> {
  const rows: (readonly Field[])[] = [];
  for await (const { records } of readCsv(new Blob([content]), options))
    rows.push(...records.map(({ fields }) => fields));
  return rows;
}

const TEXT = 'name,note\r\nÅsa,"a, b"\r\n"Zoë","two\r\nlines"\r\n"say ""hi""",€ 5\r\n日本,\r\n"",x"y\r\n';
const ROWS = [
  ["name", "note"],
  ["Åsa", "a, b"],
  ["Zoë", "two\r\nlines"],
  ['say "hi"', "€ 5"],
  ["日本", null],
  ["", 'x"y'],
];

test.each([1, 2, 3, 5, 7, 11, 16, 64, 4096])("pieces of %i bytes give the same rows", async (size) => {
  expect(await rowsOf(TEXT, { pieceBytes: size })).toEqual(ROWS);
  expect(await rowsOf(TEXT, { pieceBytes: size, delimiter: "," })).toEqual(ROWS);
  // Longer than what the delimiter is told from, so that later pieces are read with what the first told.
  const head = `${"x".repeat(9_000)},y\r\n${"x".repeat(9_000)},y\r\n`;
  expect((await rowsOf(head + TEXT, { pieceBytes: size * 100 })).slice(2)).toEqual(ROWS);
});

test("the delimiter is found: semicolons, tabs and bars, also beside commas", async () => {
  const rows = [
    ["a", "b"],
    ["1,5", "2"],
    ["2,5", "3"],
  ];
  expect(await rowsOf("a;b\n1,5;2\n2,5;3\n")).toEqual(rows);
  expect(await rowsOf("a\tb\n1,5\t2\n2,5\t3\n")).toEqual(rows);
  expect(await rowsOf("a|b\n1,5|2\n2,5|3\n")).toEqual(rows);
});

test("line breaks of every kind, a last line without one, and empty lines", async () => {
  for (const end of ["\n", "\r\n", "\r"])
    expect(await rowsOf(`a,b${end}1,2${end}${end}3,4`)).toEqual([
      ["a", "b"],
      ["1", "2"],
      ["3", "4"],
    ]);
});

test("each record knows its line, behind fields that have line breaks in them", async () => {
  const lines: number[] = [];
  for await (const { records } of readCsv(new Blob(['a,b\n"1\n2\n3",x\r\ny,z\n'])))
    lines.push(...records.map(({ line }) => line));
  expect(lines).toEqual([1, 2, 5]);
});

test("batches hold as many records as asked, and tell how far the file is read", async () => {
  const file = new Blob([Array.from({ length: 25 }, (_, at) => `${at},x\n`).join("")]);
  const batches = [];
  for await (const { records, bytesRead } of readCsv(file, { batchRecords: 10 }))
    batches.push([records.length, bytesRead]);
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

test("a quote that is never closed is an error that names its line, not a row", async () => {
  await expect(rowsOf('a,b\n1,2\n"1,2\n3,4\n')).rejects.toThrow("line 3 is never closed");
});

test("an empty file has no rows", async () => {
  expect(await rowsOf("")).toEqual([]);
});

const utf16 = (text: string, isLittle: boolean): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    Array.from(text).flatMap((letter) => {
      const code = letter.charCodeAt(0);
      return isLittle ? [code & 255, code >> 8] : [code >> 8, code & 255];
    }),
  );

test.each([
  ["UTF-8", new TextEncoder().encode("name\nZoë\n"), "utf-8"],
  [
    "Windows-1252, by one letter in its last line",
    Uint8Array.from([...Buffer.from(`name\n${"x\n".repeat(600_000)}Zo`), 0xeb, 10]),
    "windows-1252",
  ],
  ["UTF-16 with a mark", utf16("\ufeffname\nZoë\n", true), "utf-16le"],
  ["UTF-16 without one", utf16("name\nZoë\n", true), "utf-16le"],
  ["UTF-16, the other way round", utf16("\ufeffname\nZoë\n", false), "utf-16be"],
] as const)("%s is found", async (_, bytes, expected) => {
  const encoding = await findEncoding(new Blob([bytes]));
  expect(encoding).toBe(expected);
  expect((await rowsOf(bytes, { encoding })).at(-1)).toEqual(["Zoë"]);
});
