// Promise: CSV columns get names and types that lose nothing.

import { expect, test } from "vitest";
import { convert, guessColumns, nameColumns } from "../../demo/page/csv/columns.ts";

test("numbers are told from texts, and whole ones from others", () => {
  const columns = guessColumns(
    ["id", "price", "name", "none"],
    [
      ["1", "2.50", "a", ""],
      ["2", "3", "7b", ""],
    ],
  );
  expect(columns.map(({ type }) => type)).toEqual(["integer", "real", "text", "text"]);
});

test("codes with leading zeros stay as they are", () => {
  expect(guessColumns(["zip"], [["01067"], ["10115"]])).toEqual([{ name: "zip", type: "text" }]);
});

test("digits that a number would not hold exactly stay text", () => {
  expect(convert("12345678901234567890", "integer")).toBe("12345678901234567890");
});

test("an empty field is NULL; what does not fit its column is kept as text", () => {
  expect([
    convert("", "text"),
    convert(undefined, "integer"),
    convert("n/a", "integer"),
    convert("42", "integer"),
  ]).toEqual([null, null, "n/a", 42]);
});

test("names are never empty and never twice, in any case", () => {
  expect(nameColumns(["a", "A", "", " b "])).toEqual(["a", "A_2", "column_3", "b"]);
});
