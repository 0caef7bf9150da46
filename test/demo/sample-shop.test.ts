// Promise: the sample shop is the same for everyone, and whole in its references.

import initSqlJs from "sql.js";
import { expect, test } from "vitest";
import { insertText, shopRows } from "../../demo/shop/rows.ts";
import { shopSchema } from "../../demo/shop/schema.ts";

test("a seed gives the same rows every time, and another seed others", () => {
  expect(shopRows(5)).toEqual(shopRows(5));
  expect(shopRows(5)).not.toEqual(shopRows(6));
});

test("a few thousand rows go in with every constraint checked", async () => {
  const { Database } = await initSqlJs();
  const db = new Database();
  db.run("pragma foreign_keys = on");
  for (const sql of shopSchema) db.run(sql);
  let rows = 0;
  db.run("begin");
  for (const table of shopRows()) {
    const insert = db.prepare(insertText(table));
    for (const row of table.rows) insert.run([...row]);
    insert.free();
    rows += table.rows.length;
  }
  db.run("commit");
  expect(db.exec("pragma foreign_key_check")).toEqual([]);
  expect(rows).toBeGreaterThan(5_000);
  expect(
    db.exec(
      "select count(*) from orders o join customers c on c.id = o.customer_id where c.joined_on > o.ordered_at",
    )[0]?.values,
  ).toEqual([[0]]);
  db.close();
});
