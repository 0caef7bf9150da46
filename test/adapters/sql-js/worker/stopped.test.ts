// A statement that never ends is stopped: the page goes on, and the database comes back from its storage.

import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../../src/index.ts";
import { hostInThread } from "./threads.ts";

const ENDLESS = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
/** Long enough to be seen, and it ends. */
const LONG = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) AS n FROM n";
const root = mkdtempSync(join(tmpdir(), "isopool-stopped-"));
const threads: ReturnType<typeof hostInThread>["thread"][] = [];
const databases: Database[] = [];

afterEach(async () => {
  for (const db of databases.splice(0)) await db.dispose();
  // With the last database, its worker ends.
  for (const thread of threads.splice(0))
    if (thread.threadId !== -1) await new Promise((end) => thread.once("exit", end));
});
afterAll(() => rmSync(root, { recursive: true }));

function make(folder: string | undefined, stopMs = 50, options: Partial<DatabaseOptions> = {}): Database {
  const worker = (): ReturnType<typeof hostInThread> => {
    const handle = hostInThread(folder && join(root, folder));
    threads.push(handle.thread);
    return handle;
  };
  const db = createDatabase("sqljs:shop", {
    adapters: [sqlJsWorker({ worker, stopMs })],
    context: asyncLocal(AsyncLocalStorage),
    // The machine may be busy: who waits for a statement that ends must not give up first.
    pool: { acquireTimeoutMs: 25_000, openTimeoutMs: 25_000 },
    ...options,
  });
  databases.push(db);
  return db;
}

test("by its deadline: what was committed is there, what was not is rolled back, and the next session works", async () => {
  const db = make("deadline");
  await db.query("CREATE TABLE t AS SELECT 1 AS x");
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  const session = db.session(
    async (open) => {
      await open.query("INSERT INTO t VALUES (2)");
      await open.query(ENDLESS);
    },
    { timeoutMs: 200 },
  );
  await expect(session).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  clearInterval(ticking);
  // This thread was free all the while.
  expect(ticks).toBeGreaterThan(0);
  expect((await db.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  expect(threads).toHaveLength(2);
});

test("by its signal", async () => {
  const db = make("signal");
  await db.query("CREATE TABLE t AS SELECT 1 AS x");
  const abort = new AbortController();
  const asked = db.query(ENDLESS, [], { signal: abort.signal });
  setTimeout(() => abort.abort("enough"), 50);
  await expect(asked).rejects.toBe("enough");
  expect((await db.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
});

test("a statement that ends in time is not stopped, and its worker lives on", async () => {
  const db = make("in-time", 30_000);
  await db.query("CREATE TABLE t AS SELECT 1 AS x");
  await expect(db.query(LONG, [], { timeoutMs: 20 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  expect((await db.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  expect(threads).toHaveLength(1);
});

test("a database in memory alone is not lost for it: the statement goes on, and others wait", async () => {
  const db = make(undefined);
  await db.query("CREATE TABLE t AS SELECT 1 AS x");
  await expect(db.query(LONG, [], { timeoutMs: 20 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  expect((await db.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  expect(threads).toHaveLength(1);
});

test("sessions of another database in that worker are told: unknown where they had begun, and none hangs", async () => {
  const worker = (): ReturnType<typeof hostInThread> => {
    const handle = hostInThread(join(root, "both"));
    threads.push(handle.thread);
    return handle;
  };
  const adapters = [sqlJsWorker({ worker, stopMs: 50 })];
  const context = asyncLocal(AsyncLocalStorage);
  const [one, other] = ["sqljs:one", "sqljs:other"].map((url) => createDatabase(url, { adapters, context })) as [
    Database,
    Database,
  ];
  databases.push(one, other);
  await other.query("CREATE TABLE t AS SELECT 1 AS x");
  // Open: what its deadline ends is the statement.
  await one.query("SELECT 1");
  let waiting: Promise<unknown> = Promise.resolve();
  await expect(
    other.session(async (session) => {
      await session.query("INSERT INTO t VALUES (2)");
      waiting = one.query(ENDLESS, [], { timeoutMs: 1_000 }).catch((error: unknown) => error);
      await waiting;
      await session.query("INSERT INTO t VALUES (3)");
    }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION_LOST|TRANSACTION_LOST/) });
  expect(await waiting).toMatchObject({ code: "QUERY_TIMEOUT" });
  expect((await other.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
});

test("a worker whose file cannot be loaded says so", async () => {
  const worker = (): ReturnType<typeof hostInThread> => {
    const handle = hostInThread();
    setTimeout(() => handle.thread.emit("error", new Error("no such file")), 1);
    return handle;
  };
  const db = createDatabase("sqljs:x", { adapters: [sqlJsWorker({ worker })] });
  databases.push(db);
  await expect(db.autocommit.query("SELECT 1")).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    message: expect.stringContaining("the worker failed: no such file"),
  });
});
