// Sessions on sql.js in an engine that lacks what engine.ts has taken.

import initSqlJs from "sql.js";
import { createDatabase, type Database, isDbError } from "../../../src/index.ts";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { browserContext } from "../../../src/carrier/runtime/index.ts";
import { ConnectionPool } from "../../../src/pool/pool.ts";

const make = (): Database =>
  createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: () => initSqlJs({ locateFile: () => "/sql-wasm-browser.wasm" }) })],
    context: browserContext({ warn: false }),
  });

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "none",
    (error: unknown) => (isDbError(error) ? error.code : error instanceof Error ? error.name : error),
  );

/** Names of methods on what a user holds, and on its prototypes. */
function methodsOf(value: object): string[] {
  const names: string[] = [];
  for (let each: object | null = value; each && each !== Object.prototype; each = Object.getPrototypeOf(each) as object)
    names.push(...Reflect.ownKeys(each).map(String));
  return names;
}

/** Rolled back where the block is left without a commit. */
async function byHand(db: Database, isKept: boolean): Promise<void> {
  await using session = db.open();
  await session.sql`insert into t values (${isKept ? 1 : 2})`;
  if (isKept) await session.commit();
}

export async function play(): Promise<unknown> {
  const db = make();
  await db.session(async () => {
    await db.sql`create table t (n integer)`;
    await db.batch(["insert into t values (10)", "insert into t values (11)"]);
  });
  await byHand(db, true);
  await byHand(db, false);
  const rows: unknown[] = [];
  await db.session(async () => {
    for await (const { n } of db.stream<{ n: number }>("select n from t order by n")) rows.push(n);
  });
  const aborted = new AbortController();
  aborted.abort();
  const later = new AbortController();
  const late = failure(db.session(() => new Promise(() => void 0), { signal: later.signal }));
  later.abort(new Error("left"));
  const pool = new ConnectionPool({ open: async () => ({}), close: () => undefined }, { max: 1 });
  {
    using lease = await pool.acquire();
    rows.push(lease.id, pool.stats().busy);
  }
  const session = db.open();
  const named = [...methodsOf(db), ...methodsOf(session)].filter((name) => /undefined/.test(name));
  await session.close();
  const result = {
    rows,
    busy: pool.stats().busy,
    aborted: await failure(db.session(() => 1, { signal: aborted.signal })),
    abortedQuery: await failure(db.autocommit.query("select 1", [], { signal: aborted.signal })),
    abortedLease: await failure(pool.acquire({ signal: aborted.signal })),
    late: await late,
    named,
  };
  await pool.dispose();
  await disposed(db);
  return { ...result, ended: await failure(db.autocommit.query("select 1")) };
}

async function disposed(db: Database): Promise<void> {
  await using _database = db;
}
