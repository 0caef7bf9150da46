import { expect, test } from "vitest";
import { open, run } from "./connection.ts";

const TABLES = [
  "create table plain (n unique)",
  "create table lax (n unique on conflict fail)",
  "create table watched (n)",
  "create trigger watch before insert on watched when new.n = 2 begin select raise(fail, 'no two'); end",
];

test.each([
  ["insert or fail into plain values (1), (1)", "plain", "unknown"],
  ["insert into lax values (1), (1)", "lax", "unknown"],
  ["insert into lax values (1), (1) returning n", "lax", "unknown"],
  ["insert into watched values (1), (2)", "watched", "unknown"],
  ["insert into plain values (1), (1)", "plain", "not-executed"],
  ["insert into lax values (0)", "lax", "not-executed"],
  ["insert into lax (m) values (1)", "lax", "not-executed"],
  ["select abs(-9223372036854775807 - 1)", "plain", "not-executed"],
] as const)("%s: `not-executed` only when nothing of it stays", async (text, table, outcome) => {
  const connection = await open();
  for (const each of [...TABLES, "insert into lax values (0)"]) await run(connection, each);
  const { rows: before } = await run(connection, `select n from ${table}`);
  await expect(run(connection, text)).rejects.toMatchObject({ code: "QUERY_FAILED", outcome });
  const { rows } = await run(connection, `select n from ${table}`);
  expect(rows).toEqual(outcome === "unknown" ? [...before, [1]] : before);
});
