// A commit is kept when it resolves; what fails is reported, stays in memory, and is kept by the next one that succeeds.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { sqlJs, type SqlJsCommitStorage } from "../../../../src/adapters/sql-js/index.ts";
import type { BlockStore } from "../../../../src/adapters/sql-js/storage/block.ts";
import { createStorage } from "../../../../src/adapters/sql-js/storage/commit-storage.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../../src/index.ts";
import { Disk, type Fault } from "./disk.ts";
import { diskStorage, imageOn, storeOn } from "./disk-storage.ts";
import { newest } from "./engines.ts";

const databases: Database[] = [];
let names = 0;

afterEach(async () => {
  for (const db of databases.splice(0)) await db.dispose();
});

function make(
  storage: SqlJsCommitStorage,
  name = `commits-${++names}`,
  options: Partial<DatabaseOptions> = {},
): Database {
  const context = asyncLocal(AsyncLocalStorage);
  const db = createDatabase(`sqljs:${name}`, { adapters: [sqlJs({ sqlJs: newest, storage })], context, ...options });
  databases.push(db);
  return db;
}

/** What a process would find that begins now. */
function storedRows(disk: Disk): unknown[] {
  const db = new newest.Database(imageOn(disk));
  const [result] = db.exec("SELECT x FROM t ORDER BY x") as { values: unknown[][] }[];
  db.close();
  return (result?.values ?? []).flat();
}

/** A store whose writes end when they are told to. */
function slowStore(disk: Disk): {
  storage: SqlJsCommitStorage;
  writes: { end(error?: Error): void }[];
  count: () => number;
} {
  const writes: { end(error?: Error): void }[] = [];
  let count = 0;
  const open = (): BlockStore => {
    const store = storeOn(disk);
    return {
      load: () => store.load(),
      salvage: () => store.salvage(),
      flush: () => store.flush(),
      close: () => store.close(),
      write: (change, isStrict) =>
        new Promise((resolve, reject) => {
          count++;
          const end = (error?: Error): void => {
            if (error) return reject(error);
            store.write(change, isStrict);
            resolve();
          };
          writes.push({ end });
        }),
    };
  };
  return {
    storage: createStorage({ kind: `slow-${++names}`, open, remove: () => undefined }, {}),
    writes,
    count: () => count,
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

test("without dispose(), all that was committed is there, and nothing that was rolled back or is open", async () => {
  const disk = new Disk();
  const db = make(diskStorage(disk));
  await db.query("CREATE TABLE t (x)");
  await db.session((session) => session.query("INSERT INTO t VALUES (1)"));
  await expect(
    db.session(async (session) => {
      await session.query("INSERT INTO t VALUES (2)");
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await db.session(async (session) => {
    await session.query("INSERT INTO t VALUES (3)");
    expect(storedRows(disk)).toEqual([1]);
  });
  expect(storedRows(disk)).toEqual([1, 3]);
  const stepsBefore = disk.steps;
  await db.query("SELECT x FROM t");
  expect(disk.steps).toBe(stepsBefore);
});

test("a statement alone, a batch, a script and rows that come back are kept when they resolve", async () => {
  const disk = new Disk();
  const db = make(diskStorage(disk));
  await db.batch(["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"]);
  expect(storedRows(disk)).toEqual([1]);
  await db.autocommit.query("INSERT INTO t VALUES (2)");
  expect(storedRows(disk)).toEqual([1, 2]);
  for await (const { x } of db.autocommit.stream("INSERT INTO t VALUES (3) RETURNING x")) expect(x).toBe(3);
  expect(storedRows(disk)).toEqual([1, 2, 3]);
});

test.each<[Fault, string]>([
  ["quota", "full"],
  ["short", "failed"],
  ["error", "failed"],
])("%s at a commit: it is reported, and the next one keeps both", async (kind, reason) => {
  const disk = new Disk();
  const db = make(diskStorage(disk));
  await db.query("CREATE TABLE t (x)");
  await db.query("INSERT INTO t VALUES (1)");
  disk.fault = { at: disk.steps, kind };
  const failing = db.session((session) => session.query("INSERT INTO t VALUES (2)"));
  if (kind === "short") await failing;
  else {
    await expect(failing).rejects.toMatchObject({
      code: "COMMIT_UNKNOWN",
      outcome: "unknown",
      cause: { code: "STORAGE_FAILED", details: { reason }, outcome: "unknown" },
    });
    expect(storedRows(disk)).toEqual([1]);
    expect((await db.query("SELECT x FROM t ORDER BY x")).rows).toEqual([{ x: 1 }, { x: 2 }]);
    await db.query("INSERT INTO t VALUES (3)");
    expect(storedRows(disk)).toEqual([1, 2, 3]);
  }
});

test("what could not be kept is kept at dispose(), or stays with its name", async () => {
  const disk = new Disk();
  const storage = diskStorage(disk);
  const db = make(storage, "stays");
  await db.query("CREATE TABLE t (x)");
  disk.fault = { at: disk.steps, kind: "error" };
  await expect(db.autocommit.query("INSERT INTO t VALUES (1)")).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  disk.fault = { at: disk.steps, kind: "error" };
  await expect(db.dispose()).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  databases.length = 0;
  const next = make(storage, "stays");
  expect((await next.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  await next.dispose();
  expect(storedRows(disk)).toEqual([1]);
});

test("commits that come while one is written go together, and each waits for its own", async () => {
  const disk = new Disk();
  const { storage, writes, count } = slowStore(disk);
  const db = make(storage);
  const done: number[] = [];
  const creating = db.query("CREATE TABLE t (x)").then(() => done.push(0));
  await until(() => writes.length === 1);
  const all = [1, 2, 3, 4].map((x) => db.query("INSERT INTO t VALUES (?)", [x]).then(() => done.push(x)));
  // One connection: each next session begins when the one before has resolved, or its own flight goes on.
  writes[0]!.end();
  await creating;
  for (let at = 1; done.length < 5; at++) {
    await until(() => writes.length > at || done.length === 5);
    writes[at]?.end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  expect(storedRows(disk)).toEqual([1, 2, 3, 4]);
  expect(count()).toBeLessThanOrEqual(5);
});

test("two Databases of one name: the commits of both are in one write", async () => {
  const disk = new Disk();
  const { storage, writes, count } = slowStore(disk);
  const name = `commits-${++names}`;
  const [one, two, three] = [5, 6, 7].map((idleMs) => make(storage, name, { pool: { idleMs } })) as [
    Database,
    Database,
    Database,
  ];
  const creating = one.query("CREATE TABLE t (x)");
  await until(() => writes.length === 1);
  writes[0]!.end();
  await creating;
  const first = one.query("INSERT INTO t VALUES (1)");
  await until(() => writes.length === 2);
  const others = [two.query("INSERT INTO t VALUES (2)"), three.query("INSERT INTO t VALUES (3)")];
  let isDone = false;
  const ended = Promise.all(others).then(() => (isDone = true));
  // Both are in memory, and neither is told that it is kept.
  await until(() => writes.length === 2 && !isDone);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  writes[1]!.end();
  await first;
  await until(() => writes.length === 3);
  writes[2]!.end();
  await ended;
  expect(count()).toBe(3);
  expect(storedRows(disk)).toEqual([1, 2, 3]);
});

test("relaxed: a commit does not wait for its write, and a write that failed is reported by the next", async () => {
  const disk = new Disk();
  const { writes } = { writes: [] as { resolve(): void; reject(error: Error): void }[] };
  const store = storeOn(disk);
  const open = (): BlockStore => ({
    load: () => store.load(),
    salvage: () => store.salvage(),
    flush: () => store.flush(),
    close: () => store.close(),
    write: (change, isStrict) =>
      new Promise((resolve, reject) => {
        const keep = (): void => (store.write(change, isStrict), resolve());
        writes.push({ resolve: keep, reject });
      }),
  });
  const place = { kind: `relaxed-${++names}`, open, remove: () => undefined };
  const db = make(createStorage(place, { durability: "relaxed" }));
  await db.query("CREATE TABLE t (x)");
  await db.query("INSERT INTO t VALUES (1)");
  writes[0]!.reject(new Error("no disk"));
  await until(() => writes.length === 2);
  await expect(db.autocommit.query("INSERT INTO t VALUES (2)")).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  writes[1]!.resolve();
  await until(() => writes.length === 3);
  writes[2]!.resolve();
  await until(() => storedRows(disk).length === 2);
  const disposing = db.dispose();
  await disposing;
  expect(storedRows(disk)).toEqual([1, 2]);
});

test("a database that others' settings renew is kept too", async () => {
  const disk = new Disk();
  const storage = diskStorage(disk);
  const name = `commits-${++names}`;
  const one = make(storage, name, { setup: ["PRAGMA cache_size = 99"] });
  const other = make(storage, name);
  await one.query("CREATE TABLE t (x)");
  for (let x = 0; x < 6; x++) await (x % 2 ? one : other).query("INSERT INTO t VALUES (?)", [x]);
  expect(storedRows(disk)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("what the driver's own handle did is kept, although others' settings renew the database before anybody's statement", async () => {
  const disk = new Disk();
  const [storage, name] = [diskStorage(disk), `commits-${++names}`];
  const one = make(storage, name, { setup: ["PRAGMA cache_size = 77"] });
  const two = make(storage, name);
  await one.query("CREATE TABLE t (x, filler)");
  const session = one.open({ transaction: false });
  await session.query("SELECT 1");
  const { raw } = await session.getConnection();
  (raw as InstanceType<(typeof newest)["Database"]>).exec(
    "INSERT INTO t VALUES (1, zeroblob(20000)); CREATE TABLE u(y)",
  );
  await two.query("INSERT INTO t VALUES (2, zeroblob(30000))");
  await session.close().catch(() => undefined);
  const stored = new newest.Database(imageOn(disk));
  expect(stored.exec("PRAGMA integrity_check")).toMatchObject([{ values: [["ok"]] }]);
  stored.close();
  expect(storedRows(disk)).toEqual([1, 2]);
});

test("what a transaction of the driver's own handle did is kept when that has committed", async () => {
  const disk = new Disk();
  const db = make(diskStorage(disk));
  await db.query("CREATE TABLE t (x)");
  await db.session(
    async (session) => {
      const { raw } = await session.getConnection();
      (raw as { exec(sql: string): void }).exec("BEGIN; INSERT INTO t VALUES (1)");
      await session.query("SELECT 1").catch(() => undefined);
      expect(storedRows(disk)).toEqual([]);
      (raw as { exec(sql: string): void }).exec("COMMIT");
      await session.query("SELECT 1");
      expect(storedRows(disk)).toEqual([1]);
    },
    { transaction: false },
  );
});

test("strict and relaxed of one place are not one storage: whoever asked for strict gets it, or an error", async () => {
  const disk = new Disk();
  const place = { kind: "one-place", open: () => storeOn(disk), remove: () => undefined };
  const name = `commits-${++names}`;
  await make(createStorage(place, { durability: "relaxed" }), name).query("SELECT 1");
  await expect(make(createStorage(place, {}), name).query("SELECT 1")).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    message: expect.stringContaining("one-place: (relaxed) there, one-place: here"),
  });
});

test("wrong options are refused at once", () => {
  const place = { kind: "x", open: () => storeOn(new Disk()), remove: () => undefined };
  expect(() => createStorage(place, { durability: "lazy" as "strict" })).toThrow(
    new TypeError('Expected `durability` to be "strict" or "relaxed", got `lazy`'),
  );
  expect(() => createStorage(place, { folder: 7 as never })).toThrow(TypeError);
});
