import { AsyncLocalStorage } from "node:async_hooks";
import type { Generated, Kysely } from "kysely";
import initSqlJs from "sql.js";
import { expect, onTestFinished } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";
import { openShop as openLibsql } from "../../adapters/libsql/shop.ts";
import { openShop as openNeon } from "../../adapters/neon/shop.ts";
import type { DriverName } from "../../adapters/pg/drivers.ts";
import { openPgShop } from "../../adapters/pg/shop.ts";

export interface Tables {
  item: { id: Generated<number>; name: string };
}

/** A Kysely's database with an empty table `item (id, name)`; when its test ends, nothing may be lent or open. */
export interface Shop {
  readonly db: Database;
  readonly isPostgres: boolean;
  /** Its driver sends what is longer than 1,024 bytes in pieces, which the system may hold back for a round trip. */
  readonly isInPieces?: boolean;
  /** Round trips since the last call, as the server counts them; flights where there is no server. */
  trips(): Promise<number>;
}

export type OpenShop = (options?: Partial<DatabaseOptions>) => Promise<Shop>;

/** Each on its own server. */
export const SHOPS: Readonly<Record<string, OpenShop>> = {
  "sql.js": async (options = {}) => {
    const db = createDatabase("sqljs:memory", {
      adapters: [sqlJs({ sqlJs: await initSqlJs() })],
      context: asyncLocal(AsyncLocalStorage),
      ...options,
    });
    await db.query("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    onTestFinished(async () => {
      const { busy, waiting } = db.stats();
      expect({ busy, waiting }, "lent or waiting at the end").toEqual({ busy: 0, waiting: 0 });
      await db.dispose();
    });
    let before = db.stats().flights;
    return {
      db,
      isPostgres: false,
      trips: async () => {
        const { flights } = db.stats();
        const trips = flights - before;
        before = flights;
        return trips;
      },
    };
  },
  libSQL: async (database = {}) => {
    const { db, sent } = await openLibsql({ database });
    await db.query("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    await sent();
    return { db, isPostgres: false, trips: async () => (await sent()).filter((types) => types !== "close").length };
  },
  Neon: async (options = {}) => {
    const { db, flights } = await openNeon({ neon: { transport: "ws" }, db: options });
    await db.session((session) => session.query("CREATE TABLE item (id serial PRIMARY KEY, name text UNIQUE)"));
    await flights();
    return { db, isPostgres: true, trips: flights };
  },
  pg: (options = {}) => overTcp("pg", options),
  "postgres.js": (options = {}) => overTcp("postgres.js", options),
};

async function overTcp(driver: DriverName, options: Partial<DatabaseOptions>): Promise<Shop> {
  const { db, flights } = await openPgShop({ driver, db: options });
  await db.session((session) => session.query("CREATE TABLE item (id serial PRIMARY KEY, name text UNIQUE)"));
  await flights();
  return { db, isPostgres: true, isInPieces: driver === "postgres.js", trips: flights };
}

export async function names(kysely: Kysely<Tables>): Promise<string[]> {
  const rows = await kysely.selectFrom("item").select("name").orderBy("id").execute();
  return rows.map(({ name }) => name);
}
