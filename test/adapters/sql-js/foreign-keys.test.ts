// Issue 11, Q1: the right way to rebuild a table that others refer to.

import { expect, test } from "vitest";
import type { BeginOptions, DriverConnection, Step, StepOutcome } from "../../../src/contract/adapter.ts";
import { BEGIN, COMMIT, ROLLBACK } from "../../../src/integrations/adapter-contract/fixture.ts";
import { adapter, open, run } from "./connection.ts";

const OFF: Step = { kind: "begin", options: { foreignKeys: "off" } };
const REBUILD = [
  "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT, added TEXT)",
  "INSERT INTO new_parent SELECT id, name, '' FROM parent",
  "DROP TABLE parent",
  "ALTER TABLE new_parent RENAME TO parent",
];

function query(text: string, guarded = true): Step {
  return { kind: "query", statement: { text }, guarded, onError: "stop" };
}

async function shop(): Promise<DriverConnection> {
  const connection = await open();
  await run(connection, "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)");
  await run(connection, "CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE)");
  await run(connection, "INSERT INTO parent VALUES (1, 'Ada'), (2, 'Bob')");
  await run(connection, "INSERT INTO child VALUES (1), (2), (2)");
  return connection;
}

async function count(connection: DriverConnection, table: string): Promise<unknown> {
  return (await run(connection, `SELECT count(*) FROM ${table}`)).rows[0]![0];
}

async function keys(connection: DriverConnection): Promise<unknown> {
  return (await run(connection, "PRAGMA foreign_keys")).rows[0]![0];
}

function states(outcomes: readonly StepOutcome[]): string[] {
  return outcomes.map(({ status }) => status);
}

test("a table is rebuilt without a loss: in a transaction with keys, its children would go with it", async () => {
  const connection = await shop();
  await connection.send({ steps: [OFF, ...REBUILD.map((text) => query(text)), COMMIT] });
  expect([connection.state, await count(connection, "child"), await keys(connection)]).toEqual(["idle", 3, 1]);
  await run(connection, "DELETE FROM parent WHERE id = 2");
  expect(await count(connection, "child")).toBe(1);
  expect(connection.isReusable).toBe(true);
  const plain = await shop();
  await plain.send({ steps: [BEGIN, ...REBUILD.map((text) => query(text)), COMMIT] });
  expect(await count(plain, "child")).toBe(0);
});

test("what is left without what it refers to is not committed, and is named", async () => {
  const connection = await shop();
  const outcomes = await connection.send({ steps: [OFF, query("DELETE FROM parent WHERE id = 2"), COMMIT] });
  expect(states(outcomes)).toEqual(["done", "done", "failed"]);
  expect(outcomes[2]).toMatchObject({
    error: {
      code: "QUERY_FAILED",
      message: expect.stringMatching(/not committed: row 2 of `child` refers to no row of `parent`/),
      details: {
        kind: "foreign-key",
        table: "child",
        dialectCode: "SQLITE_CONSTRAINT",
        extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY",
      },
    },
  });
  // Open, as after a deferred key that COMMIT refuses: it may be mended, or rolled back.
  expect(connection.state).toBe("transaction");
  expect(states(await connection.send({ steps: [ROLLBACK] }))).toEqual(["done"]);
  expect([await count(connection, "parent"), await keys(connection)]).toEqual([2, 1]);
  await connection.send({ steps: [OFF, query("DELETE FROM parent WHERE id = 2"), COMMIT] });
  expect(states(await connection.send({ steps: [query("DELETE FROM child WHERE parent = 2"), COMMIT] }))).toEqual([
    "done",
    "done",
  ]);
  expect([await count(connection, "child"), await keys(connection)]).toEqual([1, 1]);
});

test.each<[string, readonly Step[]]>([
  ["a rollback", [ROLLBACK]],
  ["a statement that ends it", [query("INSERT OR ROLLBACK INTO parent VALUES (1, 'Eve')")]],
])("keys are on again after %s", async (_, steps) => {
  const connection = await shop();
  await connection.send({ steps: [OFF, query("INSERT INTO child VALUES (77)"), ...steps] });
  expect([connection.state, await keys(connection), await count(connection, "child")]).toEqual(["idle", 1, 3]);
});

test("a connection that is closed in the middle leaves the next one its keys", async () => {
  const on = adapter();
  const connection = await open(on);
  await connection.send({ steps: [OFF, query("CREATE TABLE t (a)")] });
  expect(await keys(connection)).toBe(0);
  await connection.close();
  const next = await open(on);
  expect(await keys(next)).toBe(1);
  await expect(run(next, "SELECT * FROM t")).rejects.toThrow("no such table");
});

test("keys that were off before stay off, and are checked all the same", async () => {
  const connection = await shop();
  await run(connection, "PRAGMA foreign_keys = OFF");
  const outcomes = await connection.send({ steps: [OFF, query("DELETE FROM parent WHERE id = 1"), COMMIT] });
  expect(states(outcomes)).toEqual(["done", "done", "failed"]);
  await connection.send({ steps: [ROLLBACK] });
  expect(await keys(connection)).toBe(0);
});

test("a table without row ids is named too", async () => {
  const connection = await shop();
  await run(connection, "CREATE TABLE flat (id INTEGER PRIMARY KEY, parent REFERENCES parent) WITHOUT ROWID");
  const [, , outcome] = await connection.send({ steps: [OFF, query("INSERT INTO flat VALUES (5, 77)"), COMMIT] });
  expect(outcome).toMatchObject({ error: { message: expect.stringMatching(/a row of `flat` refers/) } });
});

test.each<NonNullable<BeginOptions["behavior"]>>(["deferred", "immediate", "exclusive"])(
  "a transaction begins %s",
  async (behavior) => {
    const connection = await shop();
    const begin: Step = { kind: "begin", options: { behavior } };
    expect(
      states(await connection.send({ steps: [begin, query("INSERT INTO parent VALUES (3, 'Eve')"), COMMIT] })),
    ).toEqual(["done", "done", "done"]);
    expect(await count(connection, "parent")).toBe(3);
  },
);
