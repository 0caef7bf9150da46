// What runs in a worker by itself: our opfs(), and opfs-sahpool of the official build.

import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { opfs } from "../../../dist/adapters/sql-js/storage/index.js";
import { contend, withStorage } from "./ours.js";
import { Contender, FILL, rowsFor, SETUP, UPDATE } from "./work.js";

let pool;
const contenders = new Map();

const makers = {
  opfs: (megabytes) => contend(withStorage(opfs()), megabytes),

  floor: () => floor(),

  sahpool: (megabytes) => sahpool(megabytes, "DELETE"),

  // As fast as it goes: for one connection alone, with a log.
  "sahpool wal": (megabytes) => sahpool(megabytes, "WAL"),
};

/** What no durable commit can do without: one page is written, over what is there, and flushed. */
async function floor() {
  const page = crypto.getRandomValues(new Uint8Array(4_096));
  const pages = 1_000;
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle("floor", { create: true });
  const handle = await file.createSyncAccessHandle();
  handle.write(new Uint8Array(pages * page.length), { at: 0 });
  handle.flush();
  let at = 0;
  const commit = () => {
    handle.write(page, { at: (at++ % pages) * page.length });
    handle.flush();
  };
  return new Contender(1, commit, () => handle.close());
}

async function sahpool(megabytes, journal) {
  const sqlite3 = await sqlite3InitModule();
  pool ??= await sqlite3.installOpfsSAHPoolVfs({ name: "sahpool", initialCapacity: 30 });
  const db = new pool.OpfsSAHPoolDb(`/bench-${megabytes}-${journal}.db`);
  db.exec("PRAGMA locking_mode=EXCLUSIVE");
  const mode = db.selectValue(`PRAGMA journal_mode=${journal}`);
  if (mode !== journal.toLowerCase()) throw new Error(`the journal is ${mode}`);
  db.exec("PRAGMA synchronous=FULL");
  for (const sql of SETUP) db.exec(sql);
  db.exec({ sql: FILL, bind: [rowsFor(megabytes)] });
  const update = db.prepare(UPDATE);
  const commit = (ids) => {
    db.exec("BEGIN");
    for (const id of ids) update.bind([id]).stepReset();
    db.exec("COMMIT");
  };
  return new Contender(megabytes, commit, () => {
    update.finalize();
    db.close();
  });
}

const operations = {
  open: async (name, megabytes) => void contenders.set(name, await makers[name](megabytes)),
  round: (name, rows) => contenders.get(name).round(rows),
  close: (name) => contenders.get(name).close(),
};

async function answer([operation, ...args]) {
  try {
    return { result: await operations[operation](...args) };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

addEventListener("message", ({ data }) => void answer(data).then((result) => postMessage(result, [])));
