// The scan of every test for secrets and values (test/setup/leaked-secrets.ts) finds them wherever they are let out.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import { asyncLocal, createDatabase, type Database, DbError } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { startMiniflare } from "../runtime/miniflare.ts";
import { startWorkerd } from "../runtime/workerd.ts";
import { PATIENCE } from "../servers/patience.ts";
import { takeLeaks, takePrintedLeaks } from "../setup/leaked-secrets.ts";

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

/** Prints what it is asked for. */
const PRINTS = `export default { fetch(request) {
  console.log(decodeURIComponent(new URL(request.url).search));
  return new Response("printed");
} };`;

test.each([
  ["workerd", () => startWorkerd({ script: PRINTS })],
  ["Miniflare", () => startMiniflare({ script: PRINTS, databases: [] })],
])("it sees a secret and a value in what %s prints", async (_name, start) => {
  const { url, stop } = await start();
  onTestFinished(stop);
  for (const shown of ["nothing", "npg_secret", VALUE]) {
    await (await fetch(`${url}/?${shown}`)).text();
    await expect.poll(() => takePrintedLeaks().length, PATIENCE).toBe(shown === "nothing" ? 0 : 1);
  }
});

test("it sees a secret in what Miniflare itself says", async () => {
  const broken = `throw new Error("cannot log in with npg_secret");`;
  await startMiniflare({ script: broken, databases: [] }).then(
    ({ stop }) => stop(),
    () => undefined,
  );
  expect(takePrintedLeaks().join("")).toContain("npg_secret");
});
