// What a database is kept in, and that it has changed, is told by events and stats(), wherever its engine is.

import { afterEach, expect, test } from "vitest";
import { memory, sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { browserStorage, type CommitStorage } from "../../../../src/adapters/sql-js/storage/index.ts";
import { sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import { type AdapterFactory, createDatabase, type Database, type DatabaseEvent } from "../../../../src/index.ts";
import { engine } from "../target.ts";
import { hostHere } from "../worker/threads.ts";
import { Disk } from "./disk.ts";
import { diskStorage } from "./disk-storage.ts";

const databases: Database[] = [];
let names = 0;

afterEach(async () => {
  for (const db of databases.splice(0)) await db.dispose();
});

interface Told {
  readonly db: Database;
  readonly events: DatabaseEvent[];
}

function make(adapter: AdapterFactory, name = `events-${++names}`): Told {
  const events: DatabaseEvent[] = [];
  const db = createDatabase(`sqljs:${name}`, {
    adapters: [adapter],
    // Another source for each, as in two parts of an application.
    pool: { idleMs: 30_000 + databases.length },
    onEvent: (event) => void (/^(storage|change)$/.test(event.type) && events.push(event)),
  });
  databases.push(db);
  return { db, events };
}

// Node has neither OPFS nor IndexedDB, as a page whose storage is switched off.
const nowhere = (): CommitStorage => browserStorage({ onMemory: () => undefined });

test.each([
  ["on this thread", () => sqlJs({ sqlJs: engine, storage: nowhere() })],
  ["in a worker", () => sqlJsWorker({ worker: () => hostHere({ sqlJs: engine, storage: nowhere() }) })],
])("memory instead of a storage is an event, and stats() says so: %s", async (_, adapter) => {
  const { db, events } = make(adapter());
  expect(db.stats().storage).toBe(undefined);
  await db.autocommit.query("SELECT 1");
  expect(db.stats().storage).toBe("memory");
  const [event] = events;
  expect(event).toMatchObject({ type: "storage", kind: "memory" });
  expect(String((event as { cause?: unknown }).cause)).toContain("neither OPFS nor IndexedDB");
  await db.autocommit.query("SELECT 1");
  expect(events).toHaveLength(1);
});

test("a worker that has a database in memory alone is not ended for a statement that goes on", async () => {
  let ended = 0;
  const worker = (): ReturnType<typeof hostHere> => {
    const handle = hostHere({ sqlJs: engine, storage: nowhere() });
    return Object.assign(Object.create(handle) as typeof handle, {
      postMessage: handle.postMessage.bind(handle),
      addEventListener: handle.addEventListener.bind(handle),
      terminate: () => (ended++, handle.terminate()),
    });
  };
  const { db } = make(sqlJsWorker({ worker, stopMs: 0 }));
  await db.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  const long = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n";
  const given = db.autocommit.query(long, [], { timeoutMs: 1 });
  await given.catch(() => undefined);
  expect((await db.autocommit.query("SELECT x FROM t")).rows).toEqual([{ x: 1 }]);
  expect(ended).toBe(0);
});

test("no storage, and an image at dispose(): stats() says so, and it was asked for, so that it is no event", async () => {
  const none = make(sqlJs({ sqlJs: engine }));
  await none.db.autocommit.query("SELECT 1");
  expect([none.db.stats().storage, none.events]).toEqual(["memory", []]);
  const image = make(sqlJs({ sqlJs: engine, storage: memory({}) }));
  await image.db.autocommit.query("SELECT 1");
  expect([image.db.stats().storage, image.events]).toEqual(["image", []]);
});

test("what was committed is an event for all Databases of the name, and what was not is none", async () => {
  const storage = diskStorage(new Disk());
  const [one, other] = [1, 2].map(() => make(sqlJs({ sqlJs: engine, storage }), "events-shared")) as [Told, Told];
  for (const { db } of [one, other]) await db.autocommit.query("SELECT 1");
  const changes = (): unknown[] =>
    [one, other].map(({ events }) =>
      events.splice(0).flatMap((event) => (event.type === "change" ? [event.isOwn] : [])),
    );
  changes();
  await one.db.autocommit.query("CREATE TABLE t (x)");
  expect(changes()).toEqual([[true], [false]]);
  await other.db.session(async (session) => {
    await session.query("INSERT INTO t VALUES (1)");
    expect(changes()).toEqual([[], []]);
    await session.query("INSERT INTO t VALUES (2)");
  });
  expect(changes()).toEqual([[false], [true]]);
  const failed = other.db.session(async (session) => {
    await session.query("INSERT INTO t VALUES (3)");
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  await one.db.autocommit.query("SELECT * FROM t");
  expect(changes()).toEqual([[], []]);
});
