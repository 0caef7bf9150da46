// isopool's own storages: through sessions, as an application has them.

import initSqlJs from "sql.js";
import wasm from "sql.js/dist/sql-wasm-browser.wasm?url";
import { createDatabase } from "../../../dist/index.js";
import { sqlJs } from "../../../dist/adapters/sql-js/index.js";
import { Contender, FILL, rowsFor, SETUP, UPDATE } from "./work.js";

export const load = () => initSqlJs({ locateFile: () => wasm });

export async function contend(adapter, megabytes) {
  const db = createDatabase(`sqljs:bench-${megabytes}`, { adapters: [adapter] });
  await db.session(async (session) => {
    await session.batch(SETUP);
    await session.query(FILL, [rowsFor(megabytes)]);
  });
  const commit = (ids) => db.session((session) => session.batch(ids.map((id) => ({ text: UPDATE, params: [id] }))));
  return new Contender(megabytes, commit, () => db.dispose());
}

export const withStorage = (storage) => sqlJs({ sqlJs: load, storage });
