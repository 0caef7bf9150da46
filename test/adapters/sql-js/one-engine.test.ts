// Issue 11, Q2: one name is one database in an isolate, whatever else the options say, and nothing that was committed is lost.

import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { memory, sqlJs, type SqlJsOptions, type SqlJsStorage } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";
import { BEGIN, COMMIT, ROLLBACK } from "../../../src/integrations/adapter-contract/fixture.ts";
import { adapter, open, run } from "./connection.ts";
import { countedEngine, engine } from "./target.ts";

let names = 0;
const databases: Database[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const db of databases.splice(0)) await db.dispose();
});

function nextUrl(): string {
  return `sqljs:one-engine-${++names}`;
}

function make(url: string, options: Partial<SqlJsOptions> = {}, more: Partial<DatabaseOptions> = {}): Database {
  const db = createDatabase(url, {
    adapters: [sqlJs({ sqlJs: engine, ...options })],
    context: asyncLocal(AsyncLocalStorage),
    ...more,
  });
  databases.push(db);
  return db;
}

/** Loads and saves take a while, as they do in a browser. */
function slowStorage(images: Record<string, Uint8Array> = {}): SqlJsStorage {
  const { load, save } = memory(images);
  return {
    load: async (name) => (await sleep(5), load(name)),
    save: async (name, image) => (await sleep(20), save(name, image)),
  };
}

async function collect(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const all = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function rows(db: Database): Promise<unknown[]> {
  return (await db.query("SELECT x FROM t ORDER BY x")).rows.map(({ x }) => x);
}

test.each<[string, Partial<SqlJsOptions>, Partial<DatabaseOptions>]>([
  ["an inline function", { sqlJs: () => Promise.resolve(engine) }, {}],
  ["an idle time", {}, { pool: { idleMs: 5 } }],
  ["a hook", {}, { afterConnection: () => undefined }],
  ["a setup", {}, { setup: ["PRAGMA cache_size = 99"] }],
  ["a folder", {}, { folder: "elsewhere" }],
])("two Databases of one name that differ in %s are one database", async (_, options, more) => {
  const url = nextUrl();
  const [one, other] = [make(url), make(url, options, more)];
  await one.query("CREATE TABLE t (x)");
  await other.query("INSERT INTO t VALUES (1)");
  await one.dispose();
  expect(await rows(other)).toEqual([1]);
});

test("both save what both have done", async () => {
  const url = nextUrl();
  const images = {};
  const storage = slowStorage(images);
  const [one, other] = [make(url, { storage }), make(url, { storage }, { pool: { idleMs: 7 } })];
  await one.query("CREATE TABLE t (x)");
  await other.query("INSERT INTO t VALUES (1)");
  await one.query("INSERT INTO t VALUES (2)");
  await Promise.all([other.dispose(), one.dispose()]);
  expect(await rows(make(url, { storage: memory(images) }))).toEqual([1, 2]);
});

test("an old one that is still saving and a new one of that name lose nothing", async () => {
  const url = nextUrl();
  const storage = slowStorage();
  const first = make(url, { storage });
  await first.query("CREATE TABLE t (x)");
  await first.query("INSERT INTO t VALUES (1)");
  await first.dispose();
  const old = make(url, { storage });
  await old.query("INSERT INTO t VALUES (2)");
  const going = old.dispose();
  const next = make(url, { storage });
  await next.query("INSERT INTO t VALUES (3)");
  await going;
  await next.dispose();
  expect(await rows(make(url, { storage }))).toEqual([1, 2, 3]);
});

test("the newest save is the last one, also where an older one takes longer", async () => {
  const url = nextUrl();
  const images: Record<string, Uint8Array> = {};
  const delays = [50, 0, 0];
  const { load, save } = memory(images);
  const storage = {
    load,
    save: async (name: string, image: Uint8Array) => (await sleep(delays.shift()), save(name, image)),
  };
  const first = make(url, { storage });
  await first.query("CREATE TABLE t (x)");
  const ends = [first.dispose()];
  for (const x of [1, 2]) {
    const next = make(url, { storage });
    await next.query("INSERT INTO t VALUES (?)", [x]);
    ends.push(next.dispose());
  }
  await Promise.all(ends);
  expect(await rows(make(url, { storage: memory(images) }))).toEqual([1, 2]);
});

test("what a storage failed to save is kept, and a new Database of that name saves it", async () => {
  const url = nextUrl();
  const images: Record<string, Uint8Array> = {};
  const { load, save } = memory(images);
  let isBroken = true;
  const storage: SqlJsStorage = {
    load,
    save: (name, image) => (isBroken ? Promise.reject(new Error("quota")) : save(name, image)),
  };
  const first = make(url, { storage });
  await first.query("CREATE TABLE t AS SELECT 1 AS x");
  await expect(first.dispose()).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  databases.length = 0;
  const strange = make(url, { storage: memory() });
  await expect(rows(strange)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  isBroken = false;
  const second = make(url, { storage });
  expect(await rows(second)).toEqual([1]);
  await second.dispose();
  expect(await rows(make(url, { storage: memory(images) }))).toEqual([1]);
});

test("what is in a transaction when another Database is disposed of is saved by its own", async () => {
  const url = nextUrl();
  const images = {};
  const storage = memory(images);
  const [one, other] = [make(url, { storage }), make(url, { storage }, { pool: { idleMs: 7 } })];
  await one.query("CREATE TABLE t (x)");
  await other.session(async (session) => {
    await session.query("INSERT INTO t VALUES (1)");
    await one.dispose();
    await session.query("INSERT INTO t VALUES (2)");
  });
  await other.dispose();
  expect(await rows(make(url, { storage }))).toEqual([1, 2]);
});

describe("options that contradict are refused, and both are named", () => {
  test.each<[string, Partial<SqlJsOptions>, Partial<SqlJsOptions>, RegExp]>([
    ["another storage", { storage: memory() }, { storage: memory() }, /another `storage` \(one there, another here\)/],
    ["a storage and none", { storage: { ...memory(), key: "disk" } }, {}, /`storage` \(disk there, none here\)/],
    ["another build", {}, { sqlJs: countedEngine() }, /another `sqlJs`/],
    ["another build, by a function", {}, { sqlJs: () => countedEngine() }, /another `sqlJs`/],
    ["both", {}, { sqlJs: countedEngine(), storage: memory() }, /`storage` .* and another `sqlJs`/],
  ])("%s", async (_, first, second, message) => {
    const url = nextUrl();
    const one = make(url, first);
    await one.query("CREATE TABLE t AS SELECT 1 AS x");
    const other = make(url, second);
    await expect(rows(other)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      retryable: false,
      message: expect.stringMatching(message),
    });
    await other.dispose();
    expect(await rows(one)).toEqual([1]);
    await one.dispose();
    // Nothing is left that would contradict.
    await make(url, second).query("SELECT 1");
  });

  test("storages with one key are one", async () => {
    const url = nextUrl();
    const images = {};
    const [one, other] = [make(url, { storage: memory(images) }), make(url, { storage: memory(images) })];
    await one.query("CREATE TABLE t AS SELECT 1 AS x");
    expect(await rows(other)).toEqual([1]);
  });

  test("one with another storage waits for a save, and then has what its own storage has", async () => {
    const url = nextUrl();
    const other = memory();
    const first = make(url, { storage: other });
    await first.query("CREATE TABLE t AS SELECT 7 AS x");
    await first.dispose();
    const old = make(url, { storage: slowStorage() });
    await old.query("CREATE TABLE t AS SELECT 8 AS x");
    const going = old.dispose();
    await sleep(1);
    expect(await rows(make(url, { storage: other }))).toEqual([7]);
    await going;
  });
});

describe("transactions of several Databases of one name take turns", () => {
  test("none sees what another has not committed, and none is lost", async () => {
    const url = nextUrl();
    const all = [5, 6, 7, 8].map((idleMs) => make(url, {}, { pool: { idleMs } }));
    await all[0]!.query("CREATE TABLE t (x)");
    await all[0]!.query("INSERT INTO t VALUES (0)");
    const order: number[] = [];
    const add = (db: Database, who: number): Promise<void> =>
      db.session(async (session) => {
        const { x } = (await session.query<{ x: number }>("SELECT x FROM t")).rows[0]!;
        order.push(who);
        await sleep(who % 3);
        await session.query("UPDATE t SET x = ?", [x + 1]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, who) => add(all[who % 4]!, who % 4)));
    expect(await rows(all[3]!)).toEqual([40]);
    // Fair: in any eight in a row each has had its turn.
    for (let at = 0; at + 8 <= order.length; at += 8) expect(new Set(order.slice(at, at + 8)).size).toBe(4);
  });

  test("a flight in which a stream ends is not interrupted by the next in line", async () => {
    const url = nextUrl();
    const [one, other] = [await open(adapter(url)), await open(adapter(url))];
    await run(one, "CREATE TABLE t AS SELECT 1 AS x UNION SELECT 2");
    await one.send({ steps: [BEGIN] });
    const stream = one.stream!({ text: "SELECT x FROM t" }, { batchSize: 1 });
    await stream.next();
    const waiting = run(other, "INSERT INTO t VALUES (3)");
    const statement = { text: "DELETE FROM t" };
    await one.send({ steps: [ROLLBACK, BEGIN, { kind: "query", statement, guarded: true, onError: "stop" }] });
    await sleep(1);
    expect((await run(one, "SELECT count(*) FROM t")).rows).toEqual([[0]]);
    await one.send({ steps: [COMMIT] });
    await waiting;
    expect((await run(one, "SELECT x FROM t")).rows).toEqual([[3]]);
    await one.close();
    await other.close();
  });

  test("one that is inside another's transaction is told instead of hanging", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const url = nextUrl();
    const [one, other] = [make(url), make(url, {}, { pool: { idleMs: 7 } })];
    await one.query("CREATE TABLE t (x)");
    await one.session(async (session) => {
      await session.query("INSERT INTO t VALUES (1)");
      const inside = other.query("SELECT x FROM t");
      const told = expect(inside).rejects.toMatchObject({
        code: "QUERY_FAILED",
        details: { kind: "busy" },
        retryable: true,
      });
      await vi.advanceTimersByTimeAsync(6_000);
      await told;
    });
    expect(await rows(other)).toEqual([1]);
  });

  test("how long one waits is an option, and may have no end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const url = nextUrl();
    const patient = make(url, { busyTimeoutMs: Infinity }, { pool: { acquireTimeoutMs: Infinity } });
    const hasty = make(url, { busyTimeoutMs: 100 }, { pool: { idleMs: 7 } });
    const one = make(url);
    await one.query("CREATE TABLE t (x)");
    const waiting = await one.session(async (session) => {
      await session.query("INSERT INTO t VALUES (1)");
      const told = expect(hasty.query("SELECT x FROM t")).rejects.toThrow("for over 100 ms");
      const asked = patient.query("SELECT x FROM t");
      await vi.advanceTimersByTimeAsync(200);
      await told;
      await vi.advanceTimersByTimeAsync(3_600_000);
      return { asked };
    });
    expect((await waiting.asked).rows).toEqual([{ x: 1 }]);
    for (const wrong of [0, -1, Number.NaN])
      expect(() => sqlJs({ sqlJs: engine, busyTimeoutMs: wrong })).toThrow("Expected `busyTimeoutMs` to be > 0");
  });

  test("one that gives up in line leaves it", async () => {
    const url = nextUrl();
    const [one, other] = [make(url), make(url, {}, { pool: { idleMs: 7 } })];
    await one.query("CREATE TABLE t (x)");
    await other.query("SELECT 1");
    await one.session(async (session) => {
      await session.query("INSERT INTO t VALUES (1)");
      await expect(other.query("SELECT x FROM t", [], { timeoutMs: 20 })).rejects.toMatchObject({
        code: "QUERY_TIMEOUT",
      });
      const signal = AbortSignal.abort("gone");
      await expect(other.query("SELECT x FROM t", [], { signal })).rejects.toBe("gone");
    });
    expect(await rows(other)).toEqual([1]);
    expect(await rows(one)).toEqual([1]);
  });

  test("rows that are read by and by keep the others waiting until they end", async () => {
    const url = nextUrl();
    const [one, other] = [make(url), make(url, {}, { pool: { idleMs: 7 } })];
    await one.query("CREATE TABLE t AS SELECT 1 AS x UNION SELECT 2 UNION SELECT 3");
    const seen: unknown[] = [];
    let writing: Promise<unknown> | undefined;
    for await (const { x } of one.stream("SELECT x FROM t ORDER BY x", { batchSize: 1 })) {
      writing ??= other.query("DROP TABLE t").then(() => seen.push("dropped"));
      await sleep(1);
      seen.push(x);
    }
    await writing;
    expect(seen).toEqual([1, 2, 3, "dropped"]);
    // And the other way round: a stream waits too.
    await one.query("CREATE TABLE t AS SELECT 4 AS x");
    let reading: Promise<unknown> | undefined;
    await other.session(async (session) => {
      await session.query("INSERT INTO t VALUES (5)");
      reading = collect(one.stream("SELECT x FROM t ORDER BY x"));
      await sleep(2);
      await session.query("INSERT INTO t VALUES (6)");
    });
    expect(await reading).toEqual([{ x: 4 }, { x: 5 }, { x: 6 }]);
  });
});

describe("what one Database sets, another of that name does not see", () => {
  const look = (db: Database): Promise<unknown> =>
    db
      .query(
        "SELECT cache_size, foreign_keys, (SELECT count(*) FROM temp.sqlite_schema) AS temps FROM pragma_cache_size, pragma_foreign_keys",
      )
      .then(({ rows: [row] }) => row);
  const plain = { cache_size: -2000, foreign_keys: 1, temps: 0 };

  test("by setup and hooks", async () => {
    const url = nextUrl();
    const set = make(
      url,
      {},
      {
        setup: ["PRAGMA cache_size = 99", "CREATE TEMP TABLE scratch (a)"],
        afterConnection: async (connection) => void (await connection.query("PRAGMA foreign_keys = OFF")),
      },
    );
    const other = make(url);
    for (let round = 0; round < 3; round++) {
      expect(await look(set)).toEqual({ cache_size: 99, foreign_keys: 0, temps: 1 });
      expect(await look(other)).toEqual(plain);
    }
  });

  test("by a session, while it is open and after", async () => {
    const url = nextUrl();
    const [one, other] = [make(url), make(url, {}, { pool: { idleMs: 7 } })];
    await look(other);
    let looking: Promise<unknown> | undefined;
    await one.session(
      async (session) => {
        await session.query("PRAGMA foreign_keys = OFF");
        await session.query("CREATE TEMP TABLE scratch (a)");
        looking = look(other);
        await sleep(2);
        expect((await session.query("PRAGMA foreign_keys")).rows).toEqual([{ foreign_keys: 0 }]);
      },
      { transaction: false },
    );
    expect(await looking).toEqual(plain);
    expect(await look(one)).toEqual(plain);
  });

  test("and a connection that was idle meanwhile takes nothing along when it is closed", async () => {
    const url = nextUrl();
    const [one, other] = [make(url), make(url, {}, { pool: { idleMs: 7 } })];
    await one.query("CREATE TABLE t AS SELECT 1 AS x");
    await other.query("SELECT 1");
    await one.session((session) => session.query("PRAGMA cache_size = 5"), { transaction: false });
    expect(await look(one)).toEqual(plain);
    await other.dispose();
    expect(await rows(one)).toEqual([1]);
  });

  test("and functions of a hook are there again when the engine was renewed", async () => {
    const url = nextUrl();
    const hooked = make(
      url,
      {},
      {
        afterConnection: ({ raw }) =>
          (raw as { create_function(name: string, work: () => number): void }).create_function("seven", () => 7),
      },
    );
    const other = make(url);
    for (let round = 0; round < 2; round++) {
      expect((await hooked.query("SELECT seven() AS n")).rows).toEqual([{ n: 7 }]);
      await other.session((session) => session.query("PRAGMA cache_size = 5"), { transaction: false });
      expect(await look(other)).toEqual(plain);
    }
  });
});

test("a hot reload finds its database: another copy of the package, with functions and hooks of its own", async () => {
  const url = nextUrl();
  const one = make(url, { sqlJs: () => engine });
  await one.query("CREATE TABLE t AS SELECT 1 AS x");
  vi.resetModules();
  const copy = await import("../../../src/index.ts");
  const adapters = await import("../../../src/adapters/sql-js/index.ts");
  expect(adapters.sqlJs).not.toBe(sqlJs);
  const reloaded = copy.createDatabase(url, {
    adapters: [adapters.sqlJs({ sqlJs: () => engine })],
    context: copy.asyncLocal(AsyncLocalStorage),
    afterConnection: () => undefined,
  });
  databases.push(reloaded);
  expect((await reloaded.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  // They take turns, too.
  const count = async (db: { session: Database["session"] }): Promise<void> =>
    db.session(async (session) => {
      const { x } = (await session.query<{ x: number }>("SELECT x FROM t")).rows[0]!;
      await sleep(1);
      await session.query("UPDATE t SET x = ?", [x + 1]);
    });
  await Promise.all([count(one), count(reloaded), count(one), count(reloaded)]);
  await one.dispose();
  expect((await reloaded.query("SELECT x FROM t")).rows).toEqual([{ x: 5 }]);
});

test("a name is free when its last Database is disposed of, and no engine is left", async () => {
  const url = nextUrl();
  const counted = countedEngine();
  const all = [5, 6, 7].map((idleMs) => make(url, { sqlJs: counted }, { pool: { idleMs } }));
  await Promise.all(all.map((db) => db.query("SELECT 1")));
  expect(counted.databases.size).toBe(1);
  for (const db of all) await db.dispose();
  expect([...counted.databases, ...counted.statements]).toEqual([]);
});

test("the name memory is private to each Database", async () => {
  const [one, other] = [make("sqljs:memory"), make("sqljs:memory")];
  await one.query("CREATE TABLE t AS SELECT 1 AS x");
  await expect(rows(other)).rejects.toThrow("no such table");
});

test("a load that failed leaves the name free for another storage", async () => {
  const url = nextUrl();
  const broken = make(url, { storage: { ...memory(), load: () => Promise.reject(new Error("disk on fire")) } });
  await expect(rows(broken)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  await make(url, { storage: memory() }).query("SELECT 1");
});
