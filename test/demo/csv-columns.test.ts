// Promise: CSV columns get names and types that lose no digit and no zero, as seen in every row.

import { expect, test } from "vitest";
import { convert, isRespelled, nameColumns, wouldBeRespelled } from "../../demo/page/csv/columns.ts";
import { type Survey, survey } from "../../demo/page/csv/survey.ts";

function look(text: string): Promise<Survey> {
  const { signal } = new AbortController();
  return survey(new Blob([text]), { encoding: "utf-8", signal, onProgress: () => undefined });
}

const typesOf = async (text: string): Promise<string[]> => (await look(text)).columns.map(({ type }) => type);

test("numbers are told from texts, and whole ones from others", async () => {
  expect(await typesOf('id,price,name,none\n1,2.50,a,\n2,3,7b,""\n')).toEqual(["integer", "real", "text", "text"]);
});

test("a code with a leading zero keeps its column a text, however late it comes", async () => {
  const rows = Array.from({ length: 700 }, (_, at) => `${10_000 + at}\n`).join("");
  const found = await look(`zip\n${rows}01234\n`);
  expect(found.columns[0]).toMatchObject({
    type: "text",
    misfits: { integer: 1 },
    first: { integer: { line: 702, field: "01234" } },
  });
});

test.each([
  ["9007199254740993", "integer", 9007199254740993n],
  ["-9223372036854775808", "integer", -9223372036854775808n],
  ["9223372036854775808", "integer", "9223372036854775808"],
  ["+5", "integer", "+5"],
  ["-0", "integer", "-0"],
  ["0.1234567890123456789", "real", "0.1234567890123456789"],
  ["12345678901234.5", "real", 12345678901234.5],
  ["1e400", "real", "1e400"],
  ["007", "text", "007"],
] as const)("%s as %s loses nothing", (field, type, stored) => {
  expect(convert(field, type)).toBe(stored);
});

test("an integer too large for one, among others, makes its column a text", async () => {
  expect(await typesOf("n\n1\n1234567890123456789012\n")).toEqual(["text"]);
  expect(await typesOf("n\n1\n1234567890123456789\n")).toEqual(["integer"]);
  expect(await typesOf("n\n1.5\n1234567890123456789\n"), "a double would not hold it").toEqual(["text"]);
});

test("zeros at the end of a fraction are counted, as what is not written alike", () => {
  expect([isRespelled("2.50", "real"), isRespelled("2.5", "real"), isRespelled("2.50", "text")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(["01234", "1.5", "12", "x1", " 7"].map(wouldBeRespelled)).toEqual([true, false, false, false, true]);
});

test("rows that are shorter or longer than the header are counted, and the first of them is named", async () => {
  const found = await look('a,b,c\n1,2,3\n1,2\n"x\ny",2,3,4,5\n');
  expect(found).toMatchObject({ rows: 3, short: 1, long: 1, firstRagged: { line: 3, fields: 2 } });
});

test("an empty field in quotes and one without are told apart", async () => {
  expect(await look('a,b\n"",\n,x\n')).toMatchObject({ emptyQuoted: 1, emptyPlain: 2 });
});

test.each([
  ["region,2023,2024\nnorth,15,20\n", true],
  ["2021,2022,2023\n5,6,7\n", true],
  ["name,year\nx,1999\n", true],
  ["x,1999\ny,2001\n", false],
  ["1,2\n3,4\n", false],
  ["id,n\n1,2\n", true],
])("%j begins with names: %s", async (text, hasHeader) => {
  expect((await look(text)).hasHeader).toBe(hasHeader);
});

test("names are never empty and never twice, in any case", () => {
  expect(nameColumns(["a", "A", null, " b "])).toEqual(["a", "A_2", "column_3", "b"]);
});
