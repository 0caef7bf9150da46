// The scan of every test for secrets and values (test/setup/leaked-secrets.ts) finds them wherever they are let out.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncLocal, createDatabase, type Database, DbError } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { takeLeaks } from "../setup/leaked-secrets.ts";

const VALUE = "a-value-that-is-not-shown";

function open(): Database {
  return createDatabase("fake://shop.example", {
    adapters: [new FakeAdapter().factory],
    context: asyncLocal(AsyncLocalStorage),
  });
}

test("it sees a secret in an error, and in what caused it", () => {
  void new DbError("CONNECT_FAILED", "cannot log in with npg_secret", { adapter: "fake" });
  expect(takeLeaks()).toHaveLength(1);
  void new DbError("CONNECT_FAILED", "cannot log in", { adapter: "fake" }, { cause: new Error("with npg_secret") });
  expect(takeLeaks()).toHaveLength(1);
  void new DbError("CONNECT_FAILED", "cannot log in", { adapter: "npg_secret" });
  expect(takeLeaks()).toHaveLength(1);
  expect(new DbError("CONNECT_FAILED", "cannot log in", { adapter: "fake" })).toBeInstanceOf(Error);
  expect(takeLeaks()).toEqual([]);
});

test("it sees a secret in a line that is logged", () => {
  console.log("with", "npg_secret");
  expect(takeLeaks()).toHaveLength(1);
});

test("it sees what a database and a session show of themselves when they are printed", async () => {
  const db = open();
  await db.query("select 1");
  expect(takeLeaks()).toEqual([]);
  await db.session(async (session) => {
    await session.query("select ?", [VALUE]);
    expect(takeLeaks()).toEqual([]);
    Object.assign(session, { last: VALUE, password: "npg_secret" });
    await session.query("select ?", [VALUE]);
    expect(takeLeaks()).toHaveLength(2);
  });
  await db.dispose();
});

test("it sees a value in an error and in an event, and none that stands in the statement", async () => {
  const db = open();
  await db.query("select ?", [VALUE]);
  void new DbError("CONNECT_FAILED", `cannot store ${VALUE}`, { adapter: "fake" });
  expect(takeLeaks()).toHaveLength(1);
  await db.query(`select '${VALUE}', ?`, [VALUE]);
  void new DbError("CONNECT_FAILED", `cannot store ${VALUE}`, { adapter: "fake" });
  expect(takeLeaks()).toEqual([]);
  db.subscribe(() => undefined);
  await db.session(
    async (session) => {
      await session.query("select ?", [VALUE]);
    },
    { name: VALUE },
  );
  expect(takeLeaks().length).toBeGreaterThan(0);
  await db.dispose();
});
