// Drizzle 0.45, in both dialects.

import { asc, eq, sql } from "drizzle-orm";
import { integer as pgInteger, pgTable, text as pgText } from "drizzle-orm/pg-core";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  type DrizzlePostgres,
  drizzlePostgres,
  type DrizzleSqlite,
  drizzleSqlite,
} from "../../../src/integrations/drizzle/index.ts";
import { type Operations, type Orm, placesOf } from "./places.ts";

export const goods = sqliteTable("goods", { number: integer("id").primaryKey(), name: text().unique() });
export const pgGoods = pgTable("goods", { number: pgInteger().primaryKey(), name: pgText().notNull() });

const { placeholder } = sql;
const onSqlite = (on: Orm): DrizzleSqlite => on as unknown as DrizzleSqlite;
const onPostgres = (on: Orm): DrizzlePostgres => on as unknown as DrizzlePostgres;

export const sqlite: Operations = {
  make: (client, config) => drizzleSqlite(client, config) as unknown as Orm,
  add: (on, number, name = `goods ${number}`) => onSqlite(on).insert(goods).values({ number, name }),
  names: async (on) => (await onSqlite(on).select().from(goods).orderBy(asc(goods.number))).map(({ name }) => name!),
  all: (on) => onSqlite(on).select().from(goods).orderBy(asc(goods.number)),
  count: (on) => Promise.resolve(onSqlite(on).$count(goods)),
  prepared: (on) =>
    onSqlite(on)
      .select({ name: goods.name })
      .from(goods)
      .where(eq(goods.number, placeholder("number")))
      .prepare(),
  broken: (on) => onSqlite(on).run(sql`select * from nowhere`),
  raw: (on, text) => Promise.resolve(onSqlite(on).all(sql.raw(text))),
};

export const postgres: Operations = {
  make: (client, config) => drizzlePostgres(client, config) as unknown as Orm,
  add: (on, number, name = `goods ${number}`) => onPostgres(on).insert(pgGoods).values({ number, name }),
  names: async (on) =>
    (await onPostgres(on).select().from(pgGoods).orderBy(asc(pgGoods.number))).map(({ name }) => name),
  all: (on) => onPostgres(on).select().from(pgGoods).orderBy(asc(pgGoods.number)),
  count: (on) => onPostgres(on).$count(pgGoods),
  prepared: (on) =>
    onPostgres(on)
      .select({ name: pgGoods.name })
      .from(pgGoods)
      .where(eq(pgGoods.number, placeholder("number")))
      .prepare("by_number"),
  broken: (on) => onPostgres(on).execute(sql`select * from nowhere`),
  raw: async (on, text) => (await onPostgres(on).execute(sql.raw(text))).rows,
};

export const places = placesOf({ sqlite, postgres });
