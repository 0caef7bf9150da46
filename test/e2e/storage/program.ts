// What a page or a worker of these tests does with a stored database; the same file is both.

import initSqlJs from "sql.js";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import {
  browserStorage,
  type CommitStorage,
  type Durability,
  indexedDb,
  opfs,
} from "../../../src/adapters/sql-js/storage/index.ts";
import { sqlJsTabs } from "../../../src/adapters/sql-js/tabs/index.ts";
import { sqlJsWorker } from "../../../src/adapters/sql-js/worker/index.ts";
import type { AdapterFactory } from "../../../src/contract/adapter.ts";
import { openDatabase } from "../../../src/adapters/sql-js/storage/idb-place.ts";
import { IdbStore } from "../../../src/adapters/sql-js/storage/idb-store.ts";
import { createDatabase, type Database, type Session } from "../../../src/index.ts";
import { Model } from "../../adapters/sql-js/storage/model.ts";
import { seeded } from "../../kit/seeded.ts";
import { playFrames } from "./frames.ts";

/** Commits whose requests are under way at most. */
const MAX_UNTOLD = 20;

export interface Order {
  readonly op: keyof typeof operations;
  /** `worker`: in a worker of its own, asked from here. `tabs`: shared, with the engine in a worker (OPFS) or on the leader's page (IndexedDB). */
  readonly kind: "opfs" | "indexeddb" | "browser" | "worker" | "tabs-opfs" | "tabs-indexeddb";
  readonly name?: string;
  readonly folder?: string;
  readonly durability?: Durability;
  readonly args?: readonly unknown[];
}

let engine: ReturnType<typeof initSqlJs> | undefined;
const load = (): ReturnType<typeof initSqlJs> => (engine ??= initSqlJs({ locateFile: () => "/sql-wasm-browser.wasm" }));
const open = new Map<string, Database>();
const warnings: string[] = [];
const changes: string[] = [];
const roles: string[] = [];

const connections: IDBDatabase[] = [];
const { open: openIdb } = IDBFactory.prototype;
IDBFactory.prototype.open = function (...args) {
  const request = openIdb.apply(this, args);
  request.addEventListener("success", () => connections.push(request.result));
  return request;
};

const worker = (): Worker => new Worker("/database-worker.js", { type: "module" });

function storageOf({ kind, folder, durability }: Order): CommitStorage {
  const options = { folder, durability };
  if (kind === "browser") return browserStorage({ ...options, onMemory: (name) => warnings.push(name) });
  return kind === "opfs" ? opfs(options) : indexedDb(options);
}

function databaseOf(order: Order): Database {
  const { kind, name = "bank", folder = "" } = order;
  const key = `${kind} ${folder} ${name}`;
  const adapter = (): AdapterFactory => {
    if (kind === "worker") return sqlJsWorker({ worker, stopMs: 200 });
    if (kind === "tabs-opfs") return sqlJsTabs({ adapter: sqlJsWorker({ worker }) });
    const inPage = sqlJs({ sqlJs: load, storage: storageOf(order) });
    return kind === "tabs-indexeddb" ? sqlJsTabs({ adapter: inPage }) : inPage;
  };
  const before = open.get(key);
  if (before) return before;
  const db = createDatabase(`sqljs:${name}`, {
    adapters: [adapter()],
    // Hundreds wait in line on a busy machine.
    pool: { acquireTimeoutMs: 60_000, openTimeoutMs: 60_000 },
    onEvent: (event) => {
      if (event.type === "change") changes.push(event.isOwn ? "own" : "other");
      if (event.type === "role") roles.push(event.role);
    },
  });
  open.set(key, db);
  return db;
}

async function value(db: Database, sql: string): Promise<unknown> {
  return Object.values((await db.autocommit.query(sql)).rows[0] ?? {})[0];
}

const operations = {
  /** Runs statements, each on its own; the rows of the last one. */
  run: async (order: Order): Promise<unknown> => {
    const db = databaseOf(order);
    let rows: unknown;
    for (const sql of order.args as string[]) ({ rows } = await db.autocommit.query(sql));
    return rows;
  },

  /** A query that never ends, given up after a while: how it ended. */
  endless: async (order: Order): Promise<unknown> => {
    const sql = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    const asked = databaseOf(order).autocommit.query(sql, [], { timeoutMs: 300 });
    return asked.catch((error: { code?: string }) => error.code);
  },

  /** Its worker ends without a word: what becomes of a transaction, of a COMMIT and of statements. */
  silent: async (order: Order): Promise<unknown> => {
    const end = async (): Promise<void> => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window.
      new BroadcastChannel("end").postMessage(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const db = databaseOf(order);
    await db.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
    const session = db.open();
    await session.query("INSERT INTO t VALUES (2)");
    await end();
    const lost = await session.query("INSERT INTO t VALUES (3)").catch(({ code }: { code?: string }) => code);
    await session.close("rollback").catch(() => undefined);
    const before = await value(db, "SELECT count(*) FROM t");
    await end();
    const after = await value(db, "SELECT count(*) FROM t");
    await end();
    await db.dispose();
    return [lost, before, after];
  },

  /** Reads a million rows. */
  million: async (order: Order): Promise<number> => {
    const sql =
      "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i, 'row ' || i AS name FROM n";
    let rows = 0;
    for await (const row of databaseOf(order).autocommit.stream(sql, { batchSize: 1_000 })) if (row["i"]) rows++;
    return rows;
  },

  dispose: async (order: Order): Promise<void> => databaseOf(order).dispose(),

  /** Whether it lasted: in memory, nothing does. */
  kindOf: async (order: Order): Promise<unknown> => {
    const storage = browserStorage({ onMemory: (name) => warnings.push(name) });
    const db = createDatabase(`sqljs:${order.name ?? "kinds"}`, { adapters: [sqlJs({ sqlJs: load, storage })] });
    await db.autocommit.query("SELECT 1");
    await db.dispose();
    return [storage.kindOf(order.name ?? "kinds"), warnings];
  },

  salvage: async (order: Order): Promise<number> => (await storageOf(order).salvage(order.name ?? "bank")).length,

  remove: async (order: Order): Promise<void> => storageOf(order).remove(order.name ?? "bank"),

  /** Moves money between accounts until the browser is killed, and tells the server of each commit that it was told of. */
  work: async (order: Order): Promise<void> => {
    const db = databaseOf(order);
    await db.autocommit.query("CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER, filler)");
    await db.autocommit.query("CREATE TABLE IF NOT EXISTS done (number INTEGER)");
    if ((await value(db, "SELECT count(*) FROM account")) === 0)
      await db.autocommit.query(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO account SELECT i, 100, randomblob(900) FROM n",
      );
    let last = Number(await value(db, "SELECT coalesce(max(number), 0) FROM done"));
    const untold = new Set<Promise<unknown>>();
    for (;;) {
      last++;
      await db.session(async (session) => {
        for (let move = 0; move < 10; move++) {
          const [from, to] = [1 + ((last * 7 + move) % 500), 1 + ((last * 13 + move * 3) % 500)];
          await session.query("UPDATE account SET balance = balance - 3, filler = randomblob(900) WHERE id = ?", [
            from,
          ]);
          await session.query("UPDATE account SET balance = balance + 3 WHERE id = ?", [to]);
        }
        await session.query("DELETE FROM done");
        await session.query("INSERT INTO done VALUES (?)", [last]);
      });
      const telling: Promise<unknown> = fetch(`/told?number=${last}`).finally(() => untold.delete(telling));
      // No more than the test allows for, on a machine that is slow to send them.
      if (untold.add(telling).size >= MAX_UNTOLD) await Promise.race(untold);
      // Others have their turn: the request leaves, and a page stays alive.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  },

  /** Random changes, with the log worked into the chunks often: after each, a store that is opened anew gives the same image. */
  chunks: async (): Promise<unknown> => {
    const random = seeded(7);
    const model = new Model(random, new Uint8Array(), 60);
    for (let commit = 1; commit <= 120; commit++) {
      const store = new IdbStore("chunks", await openDatabase("", "chunks"), () => undefined, 60_000);
      const image = await store.load();
      if (model.find(image) !== commit - 1) return `commit ${commit - 1} gives another image`;
      await store.write(model.next(), random() < 0.5);
      store.close();
    }
    return "all alike";
  },

  /** One that was opened again elsewhere, as by a tab that did not wait: the first one may not write any more. */
  fenced: async (): Promise<unknown> => {
    const [first, second] = await Promise.all(
      [1, 2].map(async () => new IdbStore("fenced", await openDatabase("", "fenced"), () => undefined)),
    );
    const change = new Model(seeded(1), new Uint8Array()).next();
    await first!.load();
    await first!.write(change, true);
    await second!.load();
    try {
      await first!.write(change, true);
      return "written";
    } catch (error) {
      return (error as { details?: unknown }).details;
    } finally {
      first!.close();
      second!.close();
    }
  },

  /** The browser closes the connection to its database by itself. */
  cut: async (): Promise<void> => {
    for (const db of connections) {
      db.close();
      db.dispatchEvent(new Event("close"));
    }
  },

  /** Begins requests, and does not wait for them. */
  request: async (order: Order): Promise<void> => {
    const [from, count] = order.args as [number, number];
    for (let id = from; id < from + count; id++) fates.push(request(databaseOf(order), id));
  },

  /** What became of all that was requested, and when the last of it was known. */
  fates: async (): Promise<unknown> => Promise.all(fates.splice(0)),

  /** When a statement that is asked now is answered: how long that took, in milliseconds. */
  answered: async (order: Order): Promise<number> => {
    const start = performance.now();
    await databaseOf(order).autocommit.query("SELECT 1");
    return performance.now() - start;
  },

  /** Begins a transaction that stays open. */
  hold: async (order: Order): Promise<void> => {
    held = databaseOf(order).open();
    await held.query(order.args![0] as string);
  },

  commitHeld: async (): Promise<unknown> => held!.commit(),

  heard: async (order: Order): Promise<unknown> => ({
    role: databaseOf(order).stats().role,
    storage: databaseOf(order).stats().storage,
    changes: changes.splice(0),
    roles: roles.splice(0),
  }),

  /** Keeps the thread of the page busy. */
  block: async (order: Order): Promise<void> => {
    setTimeout(() => {
      const end = performance.now() + (order.args![0] as number);
      while (performance.now() < end);
    }, 10);
  },

  /** As many tabs, in this page. */
  frames: async (order: Order): Promise<unknown> => playFrames(order),

  check: async (order: Order): Promise<unknown> => {
    const db = databaseOf(order);
    return {
      integrity: await value(db, "PRAGMA integrity_check"),
      sum: await value(db, "SELECT sum(balance) FROM account"),
      number: await value(db, "SELECT number FROM done"),
    };
  },
};

/** What became of a request, as the application was told. */
export type Fate = readonly [id: number, fate: "done" | "not done" | "unknown", code?: string];

const fates: Promise<Fate>[] = [];
let held: Session | undefined;

async function request(db: Database, id: number): Promise<Fate> {
  try {
    if (id % 2 === 0) await db.autocommit.query("INSERT INTO log VALUES (?, 2)", [id]);
    else
      await db.session(async (session) => {
        await session.query("INSERT INTO log VALUES (?, 1)", [id]);
        await session.query("INSERT INTO log VALUES (?, 1)", [id]);
      });
    return [id, "done"];
  } catch (error) {
    const { code, outcome } = error as { code?: string; outcome?: string };
    return [id, outcome === "unknown" || code === "COMMIT_UNKNOWN" ? "unknown" : "not done", code ?? String(error)];
  }
}

async function perform(order: Order): Promise<unknown> {
  return operations[order.op](order);
}

function answer(order: Order): Promise<unknown> {
  return perform(order).then(
    (result) => ({ result }),
    (error: { code?: string; message?: string; details?: unknown; cause?: { code?: string; details?: unknown } }) => ({
      error: { code: error.code, message: error.message, details: error.details, cause: error.cause?.details },
    }),
  );
}

if (typeof document === "undefined")
  addEventListener(
    "message",
    ({ data, ports }) => void answer(data as Order).then((result) => ports[0]!.postMessage(result, [])),
  );
else {
  const worker = new Worker("/program.js", { type: "module" });
  const inWorker = (order: Order): Promise<unknown> =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener("message", ({ data }) => resolve(data));
      port1.start();
      worker.postMessage(order, [port2]);
    });
  Object.assign(globalThis, { inPage: answer, inWorker });
  // A browser that is to be killed has nobody to ask it.
  const { where, ...order } = Object.fromEntries(new URLSearchParams(location.search));
  if (where)
    void (where === "worker" ? inWorker : answer)(order as unknown as Order).then((result) =>
      fetch("/result", { method: "POST", body: JSON.stringify(result) }),
    );
}
