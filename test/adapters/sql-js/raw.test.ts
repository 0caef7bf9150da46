import { expect, test } from "vitest";
import type { SqlJsDatabase } from "../../../src/adapters/sql-js/index.ts";
import type { DriverConnection } from "../../../src/contract/adapter.ts";
import { BEGIN, COMMIT, errorOf } from "../../../src/integrations/adapter-contract/fixture.ts";
import { adapter, open, run } from "./connection.ts";

function raw(connection: DriverConnection): SqlJsDatabase {
  return connection.raw as SqlJsDatabase;
}

test("a transaction that was ended through the driver's handle is lost, not committed", async () => {
  const connection = await open();
  await connection.send({ steps: [BEGIN] });
  raw(connection).exec("ROLLBACK");
  const [outcome] = await connection.send({ steps: [COMMIT] });
  expect(errorOf(outcome)).toMatchObject({ code: "TRANSACTION_LOST", retryable: true });
  expect(connection.state).toBe("idle");
  expect(connection.isReusable).toBe(true);
  await connection.close();
});

test("a transaction that was begun through the driver's handle spoils the connection, and is rolled back", async () => {
  const on = adapter();
  const connection = await open(on);
  await run(connection, "CREATE TABLE t (a)");
  raw(connection).exec("BEGIN; INSERT INTO t VALUES (1)");
  expect(connection.isReusable).toBe(false);
  await connection.close();
  expect((await run(await open(on), "SELECT * FROM t")).rows).toEqual([]);
});

test("a transaction that was begun by a text is seen", async () => {
  const connection = await open();
  await run(connection, "BEGIN");
  expect([connection.state, connection.isReusable]).toEqual(["transaction", false]);
  await run(connection, "COMMIT");
  expect([connection.state, connection.isReusable]).toEqual(["idle", true]);
  await connection.close();
});

test("names of columns are those of today after a change through the driver's handle", async () => {
  const connection = await open();
  await run(connection, "CREATE TABLE t (a)");
  expect((await run(connection, "SELECT * FROM t")).columns).toEqual(["a"]);
  raw(connection).exec("ALTER TABLE t RENAME COLUMN a TO b");
  expect((await run(connection, "SELECT * FROM t")).columns).toEqual(["b"]);
  await connection.close();
});

test("nor does it matter when the handle was taken", async () => {
  const connection = await open();
  const handle = raw(connection);
  await run(connection, "CREATE TABLE t (a)");
  await run(connection, "INSERT INTO t VALUES (1)");
  await run(connection, "SELECT * FROM t");
  handle.exec("ALTER TABLE t ADD COLUMN b DEFAULT 2");
  expect(await run(connection, "SELECT * FROM t")).toMatchObject({ columns: ["a", "b"], rows: [[1, 2]] });
  await connection.close();
});

test("functions that a hook registers spoil nothing, and are there on an engine that was kept", async () => {
  const on = adapter();
  const hooked = await on.open({ url: "sqljs:memory", signal: new AbortController().signal });
  (raw(hooked) as SqlJsDatabase & { create_function(name: string, work: () => number): void }).create_function(
    "seven",
    () => 7,
  );
  // What a hook asks comes as setup.
  const statement = { text: "PRAGMA cache_size = 99" };
  await hooked.send({ steps: [{ kind: "query", statement, guarded: false, onError: "stop", isSetup: true }] });
  expect((await run(hooked, "SELECT seven()")).rows).toEqual([[7]]);
  expect(hooked.isReusable).toBe(true);
  await hooked.close();
});
