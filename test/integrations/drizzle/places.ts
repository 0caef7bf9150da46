// The databases that each promise of `isopool/drizzle` is proven on, for both versions of Drizzle alike.

import { AsyncLocalStorage } from "node:async_hooks";
import initSqlJs from "sql.js";
import { expect, onTestFinished } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type Session } from "../../../src/index.ts";
import { openShop as openLibsqlShop, type ShopOptions as LibsqlOptions } from "../../adapters/libsql/shop.ts";
import { openShop as openNeonShop, type ShopOptions as NeonOptions } from "../../adapters/neon/shop.ts";
import type { DriverName } from "../../adapters/pg/drivers.ts";
import { openPgShop } from "../../adapters/pg/shop.ts";

/** A Drizzle database or transaction, as far as both versions and dialects agree. */
export interface Orm {
  readonly $client?: unknown;
  transaction<T>(work: (tx: Orm) => Promise<T>, config?: object): Promise<T>;
  rollback?(): never;
  batch?(queries: readonly unknown[]): Promise<unknown[]>;
}

/** A query that is not sent yet. */
export type Query = PromiseLike<unknown>;

/** What a version of Drizzle does in one dialect, on a table `goods` of numbers and names. */
export interface Operations {
  make(client: Database | Session, config?: object): Orm;
  add(on: Orm, number: number, name?: string): Query;
  names(on: Orm): Promise<string[]>;
  /** As a query, for `batch`. */
  all(on: Orm): Query;
  count(on: Orm): Promise<number>;
  /** A prepared statement: the name of one. */
  prepared(on: Orm): { execute(values: { readonly number: number }): Promise<unknown> };
  /** A statement that fails at the database. */
  broken(on: Orm): Query;
  raw(on: Orm, text: string): Promise<unknown>;
}

export interface Place {
  readonly name: string;
  readonly dialect: "sqlite" | "postgres";
  readonly operations: Operations;
  /** A database of its own; nothing may be open or lent when its test ends. */
  open(): Promise<Opened>;
}

export interface Opened {
  readonly db: Database;
  readonly orm: Orm;
  /** Round trips since the last call; `undefined` where there is no way to the database. */
  roundTrips(): Promise<number | undefined>;
  /** What is stored, past the database. */
  stored(): Promise<unknown[]>;
  /** Ends what is open at the server: streams, backends. */
  readonly cutOff?: () => Promise<unknown>;
  /** Where its server is, for another driver. */
  readonly server?: NeonServer;
}

/** The way to a server; `wsProxy` is Neon's. */
export interface NeonServer {
  readonly url: string;
  readonly wsProxy: string;
}

export const context = (): ReturnType<typeof asyncLocal> => asyncLocal(AsyncLocalStorage);

export function placesOf({ sqlite, postgres }: Record<"sqlite" | "postgres", Operations>): Place[] {
  return [
    { name: "sql.js", dialect: "sqlite", operations: sqlite, open: () => openSqlJs(sqlite) },
    { name: "libSQL", dialect: "sqlite", operations: sqlite, open: () => openLibsql(sqlite) },
    { name: "Neon", dialect: "postgres", operations: postgres, open: () => openNeon(postgres) },
    { name: "pg", dialect: "postgres", operations: postgres, open: () => openTcp(postgres, "pg") },
    { name: "postgres.js", dialect: "postgres", operations: postgres, open: () => openTcp(postgres, "postgres.js") },
  ];
}

export async function openSqlJs({ make }: Pick<Operations, "make">): Promise<Opened> {
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: await initSqlJs() })],
    context: context(),
    setup: ["create table if not exists goods (id integer primary key, name text unique)"],
  });
  onTestFinished(async () => {
    const { busy, waiting } = db.stats();
    expect({ busy, waiting }).toEqual({ busy: 0, waiting: 0 });
    await db.dispose();
  });
  const stored = async (): Promise<unknown[]> =>
    (await db.autocommit.query("select name from goods order by id")).rows.map(({ name }) => name);
  return { db, orm: make(db), roundTrips: () => Promise.resolve(undefined), stored };
}

export async function openLibsql({ make }: Pick<Operations, "make">, options?: LibsqlOptions): Promise<Opened> {
  const { db, sent, names, server } = await openLibsqlShop(options);
  return {
    db,
    orm: make(db),
    roundTrips: async () => (await sent()).length,
    stored: names,
    server: { url: server.url, wsProxy: "" },
    cutOff: () => server.expireStreams(),
  };
}

export async function openNeon({ make }: Pick<Operations, "make">, options?: NeonOptions): Promise<Opened> {
  const { db, flights, names, server } = await openNeonShop(options);
  await flights();
  return { db, orm: make(db), roundTrips: flights, stored: names, server, cutOff: () => server.kill() };
}

async function openTcp({ make }: Pick<Operations, "make">, driver: DriverName): Promise<Opened> {
  const { db, flights, names, server } = await openPgShop({ driver });
  await flights();
  const neon: NeonServer = { url: server.plainUrl, wsProxy: "" };
  return { db, orm: make(db), roundTrips: flights, stored: names, server: neon, cutOff: () => server.kill() };
}
