import { AsyncLocalStorage } from "node:async_hooks";
import initSqlJs from "sql.js";
import { onTestFinished } from "vitest";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../src/index.ts";

let engine: ReturnType<typeof initSqlJs> | undefined;

/** A database in memory on the real sql.js, disposed when its test ends. */
export async function memoryDatabase(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  engine ??= initSqlJs();
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: await engine })],
    context: asyncLocal(AsyncLocalStorage),
    ...options,
  });
  onTestFinished(() => db.dispose());
  return db;
}

/** One with a table of things: `thing (id, name unique)`, empty. */
export async function thingDatabase(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const db = await memoryDatabase(options);
  await db.autocommit.query("create table thing (id integer primary key, name text unique)");
  return db;
}

/** The names that are really there, seen by nobody's transaction. */
export async function names(db: Database): Promise<unknown[]> {
  return (await db.autocommit.query("select name from thing order by id")).rows.map(({ name }) => name);
}
