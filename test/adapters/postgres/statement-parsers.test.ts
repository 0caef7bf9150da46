// A query builder reads values as its own drivers do, whatever the database's parsers are.

import { expect, test } from "vitest";
import { openShop } from "../neon/shop.ts";

const statement = {
  text: "SELECT 7::int8 AS big, '{1,NULL}'::int8[] AS list, DATE '2026-01-31' AS day, true AS yes, NULL::int8 AS none",
  parsers: { 20: (text: string) => `big ${text}`, 1016: (text: string) => text.length },
};

test.each(["http", "ws"] as const)("a statement's own parsers come before all others, over %s", async (transport) => {
  const { db } = await openShop({ neon: { transport, parsers: { 20: () => "the database's", date: () => "a day" } } });
  const { rows, columnTypes, command } = await db.raw(statement);
  expect(rows).toEqual([["big 7", 8, "a day", true, null]]);
  expect([columnTypes, command]).toEqual([[20, 1016, 1082, 16, 20], "SELECT"]);
  const both = await db.rawBatch([statement, { text: "SELECT 7::int8" }]);
  expect(both.map((each) => each.rows[0]![0])).toEqual(["big 7", "the database's"]);
});

test("a stream reads by them too", async () => {
  const { db } = await openShop({ neon: { transport: "ws" } });
  const rows: unknown[] = [];
  for await (const row of db.stream(statement)) rows.push(row);
  expect(rows).toEqual([{ big: "big 7", list: 8, day: "2026-01-31", yes: true, none: null }]);
});

test("a parser that throws is reported as such: the statement was executed", async () => {
  const { db } = await openShop();
  const parsers = {
    20: () => {
      throw new Error("not mine");
    },
  };
  await expect(db.raw({ ...statement, parsers })).rejects.toMatchObject({
    code: "QUERY_FAILED",
    outcome: "executed",
    cause: { message: "not mine" },
  });
});

test("the command is the first word that the server has for it", async () => {
  const { db } = await openShop();
  const commandOf = async (text: string): Promise<unknown> => (await db.raw(text)).command;
  expect(await commandOf("INSERT INTO goods VALUES (1, 'tea')")).toBe("INSERT");
  expect(await commandOf("CREATE TABLE other (n int)")).toBe("CREATE");
  const [update] = await db.rawBatch(["UPDATE goods SET name = 'salt'", "SELECT 1"]);
  expect([update!.command, update!.rowsAffected, update!.columnTypes]).toEqual(["UPDATE", 1, []]);
});
