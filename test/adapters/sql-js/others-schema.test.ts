// Who shares a database with others sees their changes of its schema: no row comes under a name that its column had before.

import { expect, test } from "vitest";
import { memory } from "../../../src/adapters/sql-js/index.ts";
import type { DriverConnection } from "../../../src/index.ts";
import { BEGIN, ROLLBACK } from "../../../src/integrations/adapter-contract/fixture.ts";
import { adapter, open, run } from "./connection.ts";
import type { engine } from "./target.ts";

const storage = memory();

/** Two connections of one database; the second has read all of `t` by then. */
async function two(name: string): Promise<[DriverConnection, DriverConnection, () => Promise<unknown>]> {
  const [one, other] = [
    await open(adapter(`sqljs:${name}`, { storage })),
    await open(adapter(`sqljs:${name}`, { storage })),
  ];
  await run(one, "CREATE TABLE t AS SELECT 1 AS a, 2 AS b");
  const read = async (): Promise<unknown> => {
    const { columns, rows } = await run(other, "SELECT * FROM t");
    return rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at], value])));
  };
  expect(await read()).toEqual([{ a: 1, b: 2 }]);
  return [one, other, read];
}

test.each<[string, string[], object]>([
  ["renamed", ["ALTER TABLE t RENAME COLUMN a TO c"], { c: 1, b: 2 }],
  ["added", ["ALTER TABLE t ADD COLUMN c DEFAULT 3"], { a: 1, b: 2, c: 3 }],
  ["dropped", ["ALTER TABLE t DROP COLUMN a"], { b: 2 }],
  ["dropped and added", ["ALTER TABLE t DROP COLUMN a", "ALTER TABLE t ADD COLUMN a DEFAULT 3"], { b: 2, a: 3 }],
  ["made anew", ["DROP TABLE t", "CREATE TABLE t AS SELECT 5 AS x, 6 AS y"], { x: 5, y: 6 }],
])("a column is %s by another", async (name, changes, row) => {
  const [one, , read] = await two(`schema-${name.replaceAll(" ", "-")}`);
  for (const sql of changes) await run(one, sql);
  expect(await read()).toEqual([row]);
});

test("a change that another has taken back", async () => {
  const [one, other, read] = await two("schema-rollback");
  await other.send({ steps: [BEGIN] });
  await run(other, "ALTER TABLE t RENAME COLUMN a TO c");
  expect(await read()).toEqual([{ c: 1, b: 2 }]);
  await other.send({ steps: [ROLLBACK] });
  expect(await read()).toEqual([{ a: 1, b: 2 }]);
  expect((await run(one, "SELECT * FROM t")).columns).toEqual(["a", "b"]);
});

test("a change by the driver's own handle of another", async () => {
  const [one, , read] = await two("schema-raw");
  const raw = one.raw as InstanceType<(typeof engine)["Database"]>;
  raw.exec("ALTER TABLE t RENAME COLUMN a TO c");
  expect(await read()).toEqual([{ c: 1, b: 2 }]);
  raw.exec("ALTER TABLE t RENAME COLUMN c TO d");
  expect(await read()).toEqual([{ d: 1, b: 2 }]);
});
