// Promise: an error in the console points at the word that is at fault.

import { expect, test } from "vitest";
import { locate } from "../../demo/page/console/locate.ts";

function word(sql: string, message: string, position?: number): string {
  const { from, to } = locate(sql, message, position);
  return sql.slice(from, to);
}

test("where the database tells the place, it is the word there", () => {
  expect(word("select 1 frm t", 'near "t": syntax error', 13)).toBe("t");
});

test("a missing name is found, in a text or a comment it is not", () => {
  expect(word("select 'orders' /* orders */ from orders", "no such table: orders")).toBe("orders");
  expect(locate("select 'orders' /* orders */ from orders", "no such table: orders").from).toBe(34);
});

test("a name of two parts, and one with a schema that is not written", () => {
  expect(word("select o.nme from o", "no such column: o.nme")).toBe("o.nme");
  expect(word("delete from complaints", "no such table: main.complaints")).toBe("complaints");
});

test("a text that ends too early is at fault at its end", () => {
  expect(word("select * from", "incomplete input")).toBe("from");
});

test("where nothing can be told it is the whole statement", () => {
  expect(word("insert into t values (1) ", "UNIQUE constraint failed")).toBe("insert into t values (1)");
});
