import initSqlJs from "sql.js";
import { expect, test } from "vitest";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { createDatabase } from "../../src/index.ts";
import { openShop } from "./libsql/shop.ts";

const refusal = {
  code: "QUERY_FAILED",
  outcome: "not-executed",
  details: { kind: "parameter" },
  message: expect.stringContaining("write `in (${sql.join(list)})`"),
};

test("a list in a template is refused on SQLite before anything is sent, naming sql.join(), which works", async () => {
  const memory = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
  const { db: remote, sent } = await openShop();
  for (const { autocommit } of [memory, remote]) {
    const ids = [1, 2];
    await expect(autocommit.sql`select 1 as n where 1 in (${ids})`.run()).rejects.toMatchObject(refusal);
    await expect(autocommit.query("select 1 as n where 1 in (?)", [ids])).rejects.toMatchObject(refusal);
    const { sql } = autocommit;
    expect(await autocommit.sql`select 1 as n where 1 in (${sql.join(ids)})`).toEqual([{ n: 1 }]);
    expect(await autocommit.sql`select 1 as n where 1 in (${sql.join([])})`).toEqual([]);
    expect(await autocommit.sql`select ${sql.id("a b")} from (select 7 as ${sql.id("a b")})`).toEqual([{ "a b": 7 }]);
  }
  expect(memory.stats().flights).toBe(3);
  expect(await sent()).toHaveLength(3);
  await memory.dispose();
});
