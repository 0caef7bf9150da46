// What `drizzle()` is made of: a database, a session, a dialect; and its cache.

import { is, sql } from "drizzle-orm";
import { Cache } from "drizzle-orm/cache/core";
import { PgDatabase } from "drizzle-orm/pg-core";
import { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";
import initSqlJs from "sql.js";
import { expect, onTestFinished, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database, type DatabaseOptions, explicit } from "../../../src/index.ts";
import { drizzle, drizzlePostgres, drizzleSqlite } from "../../../src/integrations/drizzle/index.ts";
import { driver } from "../../adapters/neon/driver.ts";
import { goods, pgGoods, sqlite } from "./operations.ts";
import { context, openSqlJs } from "./places.ts";

const adapters = [sqlJs({ sqlJs: await initSqlJs() }), neon(driver)];

function open(url: string | (() => string), options: Partial<DatabaseOptions> = {}): Database {
  const db = createDatabase(url, { adapters, context: context(), ...options });
  onTestFinished(() => db.dispose());
  return db;
}

test("the dialect is the database's, told by the schema's type or by `dialect`", () => {
  const [lite, pg] = [open("sqljs:memory"), open("postgres://user:word@ep-a.neon.tech/shop")];
  expect(is(drizzle(lite, { schema: { goods } }), BaseSQLiteDatabase)).toBe(true);
  expect(is(drizzle(pg, { schema: { pgGoods } }), PgDatabase)).toBe(true);
  expect(is(drizzle(pg, { dialect: "postgres" }), PgDatabase)).toBe(true);
  const wrong = 'Expected `dialect` to be the database\'s own, "postgres", got `sqlite`';
  expect(() => drizzle(pg, { dialect: "sqlite" })).toThrow(wrong);
  expect(() => drizzleSqlite(pg)).toThrow(wrong);
  expect(() => drizzlePostgres(lite)).toThrow(TypeError);
  expect(() => drizzle({} as never, { dialect: "sqlite" })).toThrow("Expected a Database or Session, got `object`");
  expect(() => drizzle("sqljs:memory" as never, { dialect: "sqlite" })).toThrow("got `string`");
});

test("with a URL function the adapters tell it, else it is named, or known after ready(); nothing is asked while the module loads", async () => {
  const asked: string[] = [];
  const url = (): string => (asked.push("url"), "sqljs:memory");
  const db = open(url, { adapters: adapters.slice(0, 1) });
  const orm = drizzle(db, { schema: { goods } });
  expect(is(orm, BaseSQLiteDatabase)).toBe(true);
  const either = open(url);
  expect(() => drizzle(either, { schema: { goods } })).toThrow("got `undefined`: name it, or await ready()");
  const named = drizzle(either, { dialect: "sqlite", schema: { goods } });
  expect(asked).toEqual([]);
  expect(await orm.all(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  expect(await named.all(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  expect(is(drizzle(await either.ready(), { schema: { goods } }), BaseSQLiteDatabase)).toBe(true);
});

test("without a context a transaction's `tx` is its session, and a lone query on `db` is refused, not run elsewhere", async () => {
  const db = open("sqljs:memory", { context: explicit() });
  const orm = drizzle(db, { dialect: "sqlite" });
  await orm.transaction(async (tx) => {
    await tx.run(sql`create table t (n int)`);
    await tx.transaction(async (inner) => void (await inner.run(sql`insert into t values (1)`)));
    const refused: unknown = await orm.all(sql`select * from t`).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect((refused as Error).cause).toMatchObject({ code: "SESSION_REQUIRED" });
  });
  await db.session(async (session) => {
    expect(await drizzle(session, { dialect: "sqlite" }).all(sql`select * from t`)).toEqual([{ n: 1 }]);
  });
});

/** Keeps all that it is given, and tells what it was asked. */
class Kept extends Cache {
  readonly log: string[] = [];
  readonly #kept = new Map<string, unknown[]>();

  override strategy(): "all" {
    return "all";
  }
  override get(key: string): Promise<unknown[] | undefined> {
    const found = this.#kept.get(key);
    this.log.push(found ? "hit" : "miss");
    return Promise.resolve(found);
  }
  override put(key: string, rows: unknown): Promise<void> {
    this.#kept.set(key, rows as unknown[]);
    return Promise.resolve();
  }
  override onMutate(): Promise<void> {
    this.log.push("mutate");
    this.#kept.clear();
    return Promise.resolve();
  }
}

test("Drizzle's cache is asked first, is told of what was changed, and is there as $cache", async () => {
  const { db } = await openSqlJs(sqlite);
  const cache = new Kept();
  const orm = drizzleSqlite(db, { cache });
  await orm.insert(goods).values({ number: 1, name: "tea" });
  const first = await orm.select().from(goods);
  await db.autocommit.query("update goods set name = 'behind its back'");
  expect(await orm.select().from(goods)).toEqual(first);
  await orm.$cache.invalidate({ tables: goods });
  expect(await orm.select().from(goods)).toEqual([{ number: 1, name: "behind its back" }]);
  expect(cache.log).toEqual(["mutate", "miss", "hit", "mutate", "miss"]);
});

test("what a session reads is not for others, nor theirs for it, and what it changes is told behind its commit", async () => {
  const { db } = await openSqlJs(sqlite);
  const cache = new Kept();
  const orm = drizzleSqlite(db, { cache });
  const all = orm.select().from(goods).prepare();
  const boom = new Error("boom");
  const adds = orm.transaction(async (tx) => {
    await tx.insert(goods).values({ number: 1, name: "tea" });
    for (const query of [tx.select().from(goods), all.execute()]) expect(await query).toHaveLength(1);
    throw boom;
  });
  await expect(adds).rejects.toBe(boom);
  expect(await all.execute()).toEqual([]);
  await db.session(async () => {
    await orm.insert(goods).values({ number: 2, name: "rice" });
    expect(await all.execute()).toHaveLength(1);
    // As another request would, which does not see it yet.
    cache.log.push("another");
  });
  expect(await all.execute()).toEqual([{ number: 2, name: "rice" }]);
  expect(cache.log).toEqual(["mutate", "miss", "mutate", "another", "mutate", "miss"]);
});
