// What is asked from the page. Each contender is opened, has its rounds in turn with the others, and is closed.

import { SQLocal } from "sqlocal";
import { indexedDb } from "../../../dist/adapters/sql-js/storage/index.js";
import { createDatabase } from "../../../dist/index.js";
import { sqlJsTabs } from "../../../dist/adapters/sql-js/tabs/index.js";
import { sqlJsWorker } from "../../../dist/adapters/sql-js/worker/index.js";
import { contend, load, withStorage } from "./ours.js";
import { Contender, FILL, rowsFor, SETUP, UPDATE } from "./work.js";

const engines = new Worker(new URL("./engines.worker.js", import.meta.url), { type: "module" });

function inWorker(...order) {
  return new Promise((resolve, reject) => {
    const settle = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
    engines.addEventListener("message", settle, { once: true });
    engines.postMessage(order, []);
  });
}

const worker = () => new Worker(new URL("./database.worker.js", import.meta.url), { type: "module" });

const makers = {
  indexeddb: (megabytes) => contend(withStorage(indexedDb()), megabytes),

  worker: (megabytes) => contend(sqlJsWorker({ worker }), megabytes),

  /** What applications write by hand: the whole image, at each commit. */
  "by hand": async (megabytes) => {
    const { Database } = await load();
    const db = new Database();
    for (const sql of SETUP) db.run(sql);
    db.run(FILL, [rowsFor(megabytes)]);
    const store = await new Promise((resolve) => {
      const request = indexedDB.open("by-hand");
      request.addEventListener("upgradeneeded", () => request.result.createObjectStore("images"));
      request.addEventListener("success", () => resolve(request.result));
    });
    const commit = (ids) => {
      db.run("BEGIN");
      for (const id of ids) db.run(UPDATE, [id]);
      db.run("COMMIT");
      return new Promise((resolve, reject) => {
        const transaction = store.transaction("images", "readwrite", { durability: "strict" });
        transaction.objectStore("images").put(db.export(), megabytes);
        transaction.addEventListener("complete", resolve);
        transaction.addEventListener("abort", reject);
      });
    };
    return new Contender(megabytes, commit, () => {
      db.close();
      store.close();
    });
  },

  sqlocal: async (megabytes) => {
    const db = new SQLocal(`sqlocal-${megabytes}.db`);
    for (const sql of SETUP) await db.sql(sql);
    await db.sql(FILL, rowsFor(megabytes));
    const { storageType } = await db.getDatabaseInfo();
    if (storageType !== "opfs") throw new Error(`sqlocal is in ${storageType}`);
    const commit = (ids) => db.batch((sql) => ids.map((id) => sql(UPDATE, id)));
    return new Contender(megabytes, commit, () => db.destroy());
  },
};

const contenders = new Map();

globalThis.open_ = async (name, megabytes) => {
  if (!makers[name]) return inWorker("open", name, megabytes);
  contenders.set(name, await makers[name](megabytes));
};
globalThis.round = (name, rows) => contenders.get(name)?.round(rows) ?? inWorker("round", name, rows);
globalThis.close_ = (name) => (makers[name] ? contenders.get(name).close() : inWorker("close", name));

let sharedByTabs;

/** Asks the database that all tabs share: milliseconds until it has answered. */
globalThis.answered = async () => {
  sharedByTabs ??= createDatabase("sqljs:shared", { adapters: [sqlJsTabs({ adapter: sqlJsWorker({ worker }) })] });
  const start = performance.now();
  await sharedByTabs.autocommit.query("SELECT 1");
  return performance.now() - start;
};
