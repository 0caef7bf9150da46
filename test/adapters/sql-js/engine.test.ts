import { expect, test } from "vitest";
import type { SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import { adapter, open, run } from "./connection.ts";
import { countedEngine, engine } from "./target.ts";

test("sql.js is asked for at the first connection, and once", async () => {
  let asked = 0;
  const on = adapter("sqljs:memory", { sqlJs: async () => (asked++, engine) });
  expect(asked).toBe(0);
  await (await open(on)).close();
  await (await open(on)).close();
  expect(asked).toBe(1);
});

test("a sql.js that cannot be started is told with its cause, and asked for again", async () => {
  const cause = new Error("no wasm here");
  let asked = 0;
  const start = (): SqlJsStatic => {
    if (asked++ === 0) throw cause;
    return engine;
  };
  const on = adapter("sqljs:memory", { sqlJs: start });
  await expect(open(on)).rejects.toMatchObject({ code: "CONNECT_FAILED", cause });
  await run(await open(on), "SELECT 1");
});

test("a sql.js before 1.15.2 is refused with the remedy", async () => {
  // There, an empty database gave an empty image: measured with 1.14.1, 1.14.2, 1.15.0 and 1.15.1.
  class Old extends engine.Database {
    override export(): Uint8Array {
      return new Uint8Array(0);
    }
  }
  await expect(open(adapter("sqljs:memory", { sqlJs: { Database: Old } }))).rejects.toThrow(
    /CONNECT_FAILED: .*1\.15\.2/,
  );
});

test("the data of sqljs:memory lives as long as its adapter, and is nobody else's", async () => {
  const on = adapter();
  const first = await open(on);
  await run(first, "CREATE TABLE kept AS SELECT 1 AS n");
  await first.close();
  expect((await run(await open(on), "SELECT n FROM kept")).rows).toEqual([[1]]);
  await expect(run(await open(adapter()), "SELECT n FROM kept")).rejects.toThrow("no such table");
});

test("a second connection to one database is refused while the first is open", async () => {
  const on = adapter();
  const first = await open(on);
  await expect(open(on)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  await first.close();
  await (await open(on)).close();
});

test("a spoiled engine is replaced once, and closed", async () => {
  const counted = countedEngine();
  const on = adapter("sqljs:memory", { sqlJs: counted });
  const spoiled = await open(on);
  const before = spoiled.raw;
  await run(spoiled, "PRAGMA cache_size = 7");
  await spoiled.close();
  const fresh = await open(on);
  expect(fresh.raw).not.toBe(before);
  expect(counted.databases.size).toBe(1);
  const after = fresh.raw;
  await fresh.close();
  expect((await open(on)).raw).toBe(after);
});
