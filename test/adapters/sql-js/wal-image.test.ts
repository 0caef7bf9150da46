import { expect, test } from "vitest";
import { memory } from "../../../src/adapters/sql-js/index.ts";
import { adapter, open, run } from "./connection.ts";
import { engine } from "./target.ts";

test("a file that was written in WAL mode can be opened, written and saved", async () => {
  const source = new engine.Database();
  source.exec("CREATE TABLE t AS SELECT 1 AS a");
  const image = source.export();
  source.close();
  // What a file in WAL mode says of itself: https://sqlite.org/fileformat.html, bytes 18 and 19.
  image.fill(2, 18, 20);
  const images = { shop: image };
  const on = adapter("sqljs:shop", { storage: memory(images), warn: () => undefined });
  const connection = await open(on);
  await run(connection, "INSERT INTO t VALUES (2)");
  await connection.close();
  await on.dispose!();
  expect(images.shop[18]).toBe(1);
  const again = await open(adapter("sqljs:shop", { storage: memory(images) }));
  expect((await run(again, "SELECT a FROM t")).rows).toEqual([[1], [2]]);
});
