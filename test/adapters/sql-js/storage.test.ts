import { expect, test } from "vitest";
import { memory, sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { BEGIN } from "../../../src/integrations/adapter-contract/fixture.ts";
import { adapter, open, run } from "./connection.ts";
import { engine } from "./target.ts";

test("a named database comes from its storage, and goes back there when it is disposed", async () => {
  const images: Record<string, Uint8Array> = {};
  const first = adapter("sqljs:shop", { storage: memory(images) });
  const connection = await open(first);
  await run(connection, "CREATE TABLE item (name)");
  await run(connection, "INSERT INTO item VALUES ('pen')");
  await run(connection, "CREATE TEMP TABLE scratch (a)");
  expect(images).toEqual({});
  await connection.close();
  await first.dispose!();
  expect(Object.keys(images)).toEqual(["shop"]);
  expect(new engine.Database(images["shop"]).exec("SELECT name FROM item")).toMatchObject([{ values: [["pen"]] }]);

  const second = adapter("sqljs:shop", { storage: memory(images) });
  expect((await run(await open(second), "SELECT * FROM item")).rows).toEqual([["pen"]]);
  await second.dispose!();
});

test("what was never opened is not saved, and sqljs:memory never is", async () => {
  const images: Record<string, Uint8Array> = {};
  await adapter("sqljs:shop", { storage: memory(images) }).dispose!();
  const unnamed = adapter("sqljs:memory", { storage: memory(images) });
  await (await open(unnamed)).close();
  await unnamed.dispose!();
  expect(images).toEqual({});
});

test("a name is not looked up among what every object has", () => {
  expect(memory({}).load("constructor")).toBeUndefined();
});

test("a database is kept under whatever name it may have", async () => {
  const images: Record<string, Uint8Array> = {};
  for (const name of ["__proto__", "constructor", "toString"]) {
    const on = adapter(`sqljs:${name}`, { storage: memory(images) });
    const connection = await open(on);
    await run(connection, "CREATE TABLE t AS SELECT 1 AS x");
    await connection.close();
    await on.dispose!();
    const again = adapter(`sqljs:${name}`, { storage: memory(images) });
    expect((await run(await open(again), "SELECT x FROM t")).rows).toEqual([[1]]);
    await again.dispose!();
  }
  expect(Object.keys(images)).toEqual(["__proto__", "constructor", "toString"]);
});

test.each<[string, unknown]>([
  ["a function that makes one", memory],
  ["a name", "opfs"],
  ["one that never saves", { load: () => undefined }],
  ["one that never loads", { save: () => undefined }],
  ["one that keeps each commit, and has no folders", { open: () => undefined }],
  ["an empty object", {}],
  ["null", null],
])("what is no storage is refused before anything is written to it: %s", (_, storage) => {
  expect(() => sqlJs({ sqlJs: engine, storage: storage as never })).toThrow(/Expected `storage` to have/);
});

test.each([
  ["an ArrayBuffer", new ArrayBuffer(100)],
  ["a text", "SQLite format 3"],
  ["a list", [1, 2]],
])("a storage that loads %s says so", async (_, image) => {
  const storage = { load: () => image as never, save: () => undefined };
  await expect(open(adapter("sqljs:loaded", { storage }))).rejects.toMatchObject({
    code: "STORAGE_FAILED",
    cause: { message: expect.stringContaining("Expected `load()` to give a Uint8Array") },
  });
});

test("a storage that fails is told as STORAGE_FAILED, with the name and the cause", async () => {
  const cause = new Error("disk on fire");
  const fail = (): never => {
    throw cause;
  };
  const failure = { code: "STORAGE_FAILED", details: { storage: "shop" }, cause };
  await expect(open(adapter("sqljs:shop", { storage: { load: fail, save: fail } }))).rejects.toMatchObject(failure);
  const late = adapter("sqljs:late", { storage: { load: () => undefined, save: fail } });
  await (await open(late)).close();
  await expect(late.dispose!()).rejects.toMatchObject({ ...failure, details: { storage: "late" } });
});

test("an image that is no database is told before a session sees it", async () => {
  const storage = memory({ shop: new TextEncoder().encode("not a database, but long enough to look at".repeat(40)) });
  await expect(open(adapter("sqljs:shop", { storage }))).rejects.toMatchObject({ code: "CONNECT_FAILED" });
});

test("who still writes when the database is disposed costs nobody else's data: only theirs is not saved", async () => {
  const images: Record<string, Uint8Array> = {};
  const on = adapter("sqljs:shop", { storage: memory(images) });
  const connection = await open(on);
  await run(connection, "CREATE TABLE item (name TEXT)");
  await run(connection, "INSERT INTO item VALUES ('pen')");
  await connection.send({ steps: [BEGIN] });
  await run(connection, "INSERT INTO item VALUES ('ink')");
  await on.dispose!();
  expect(new engine.Database(images["shop"]).exec("SELECT name FROM item")).toMatchObject([{ values: [["pen"]] }]);
  await expect(run(connection, "SELECT 1")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  await connection.close();
});
