// What Drizzle's user gets is what Drizzle's own drivers give: @libsql/client, and Neon's on PostgreSQL.

import { defineRelations, eq, sql } from "drizzle-orm";
import * as pg from "drizzle-orm/pg-core";
import * as lite from "drizzle-orm/sqlite-core";
import { expect, test } from "vitest";
import { drizzlePostgres, drizzleSqlite } from "../../../../src/integrations/drizzle/v1/index.ts";
import { ownLibsql, ownNeon } from "./own.ts";
import { openLibsql, openNeon } from "../places.ts";
import * as operations from "./operations.ts";

const day = new Date("2026-01-31T12:30:15.250Z");

const kinds = lite.sqliteTable("kinds", {
  id: lite.integer().primaryKey({ autoIncrement: true }),
  flag: lite.integer({ mode: "boolean" }),
  seconds: lite.integer({ mode: "timestamp" }),
  millis: lite.integer({ mode: "timestamp_ms" }),
  real: lite.real(),
  amount: lite.numeric(),
  amountNumber: lite.numeric({ mode: "number" }),
  amountBig: lite.numeric({ mode: "bigint" }),
  json: lite.text({ mode: "json" }).$type<object>(),
  choice: lite.text({ enum: ["a", "b"] }),
  bytes: lite.blob({ mode: "buffer" }),
  bytesJson: lite.blob({ mode: "json" }).$type<object>(),
  bytesBig: lite.blob({ mode: "bigint" }),
});

const CREATE_KINDS =
  "create table kinds (id integer primary key autoincrement, flag integer, seconds integer, millis integer, real real, amount numeric, " +
  "amountNumber numeric, amountBig numeric, json text, choice text, bytes blob, bytesJson blob, bytesBig blob)";

const values = {
  flag: true,
  seconds: new Date("2026-01-31T12:30:15Z"),
  millis: day,
  real: 1.5,
  amount: "12.25",
  amountNumber: 3.5,
  amountBig: 9_007_199_254_740_991n,
  json: { a: [1, null, "x"] },
  choice: "b",
  bytes: Buffer.from([0, 1, 255]),
  bytesJson: { b: 2 },
  bytesBig: 123_456_789_012_345_678_901n,
} as const;

test("SQLite: columns of every kind, raw rows, run(), get(), values() and batches are those of @libsql/client", async () => {
  const { db, server } = await openLibsql(operations.sqlite);
  await db.autocommit.query(CREATE_KINDS);
  const ours = drizzleSqlite(db);
  const own = ownLibsql(server!.url) as unknown as typeof ours;
  const seen = [];
  for (const orm of [ours, own]) {
    await orm.delete(kinds);
    await orm.run(sql`delete from sqlite_sequence`);
    const inserted = await orm.insert(kinds).values(values).run();
    const [returned] = await orm.insert(kinds).values({}).returning();
    const [added, pairs, run, rows, first, arrays] = await orm.batch([
      orm.insert(kinds).values({ real: 2 }),
      orm.select({ id: kinds.id, again: kinds.id }).from(kinds),
      orm.run(sql`insert into kinds (real) values (3)`),
      orm.all(sql`select id, real from kinds order by id`),
      orm.get(sql`select id, real from kinds order by id`),
      orm.values(sql`select id, real from kinds order by id`),
    ]);
    seen.push({
      inserted: JSON.parse(
        JSON.stringify({ ...inserted, lastInsertRowid: String(inserted.lastInsertRowid) }),
      ) as unknown,
      type: typeof inserted.lastInsertRowid,
      returned,
      // Its rows are objects that are also lists.
      batch: [{ ...added }, pairs, { ...run }, rows, { ...(first as object) }, arrays.map((row) => Array.from(row))],
      selected: await orm.select().from(kinds).orderBy(kinds.id),
      first: await orm.select().from(kinds).where(eq(kinds.id, 1)).get(),
      none: await orm.select().from(kinds).where(eq(kinds.id, 100)).get(),
      raw: await orm.all(sql`select id, flag, real, amount, json, choice from kinds order by id`),
      one: await orm.get(sql`select id, amount from kinds`),
      arrays: Array.from(await orm.values(sql`select id, 'x' as same, 'y' as same from kinds`), (row) =>
        Array.from(row),
      ),
      count: await orm.$count(kinds),
      changed: (await orm.update(kinds).set({ real: 4 })).rowsAffected,
    });
  }
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]!.selected[0]).toEqual({ id: 1, ...values });
  expect(seen[0]!.type).toBe("bigint");
});

test("SQLite: relational queries are the same", async () => {
  const { db, server } = await openLibsql(operations.sqlite);
  const owner = lite.sqliteTable("owner", {
    id: lite.integer().primaryKey(),
    since: lite.integer({ mode: "timestamp" }),
  });
  const pet = lite.sqliteTable("pet", {
    id: lite.integer().primaryKey(),
    owner: lite.integer(),
    bytes: lite.blob({ mode: "buffer" }),
  });
  const relations = defineRelations({ owner, pet }, (r) => ({
    owner: { pets: r.many.pet({ from: r.owner.id, to: r.pet.owner }) },
    pet: { of: r.one.owner({ from: r.pet.owner, to: r.owner.id }) },
  }));
  await db.autocommit.batch([
    "create table owner (id integer primary key, since integer)",
    "create table pet (id integer primary key, owner integer, bytes blob)",
    "insert into owner values (1, 1769862615), (2, null)",
    "insert into pet values (1, 1, x'00ff'), (2, 1, null), (3, null, null)",
  ]);
  const ours = drizzleSqlite(db, { relations });
  const { drizzle } = await import("drizzle-orm/libsql");
  const own = drizzle({ client: ownLibsql(server!.url).$client, relations });
  const seen = [];
  for (const orm of [ours, own])
    seen.push([
      await orm.query.owner.findMany({ with: { pets: { columns: { id: true } } } }),
      await orm.query.owner.findFirst({ where: { id: 2 }, with: { pets: true } }),
      await orm.query.pet.findMany({ columns: { id: true, bytes: true }, with: { of: true } }),
      await orm.query.pet.findFirst({ where: { id: 9 } }),
    ]);
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]![1]).toEqual({ id: 2, since: null, pets: [] });
});

const mood = pg.pgEnum("mood", ["sad", "happy"]);
const bytea = pg.customType<{ data: Buffer }>({ dataType: () => "bytea" });
const all = pg.pgTable("all_kinds", {
  id: pg.serial().primaryKey(),
  small: pg.smallint(),
  big: pg.bigint({ mode: "bigint" }),
  bigNumber: pg.bigint({ mode: "number" }),
  flag: pg.boolean(),
  real: pg.real(),
  double: pg.doublePrecision(),
  amount: pg.numeric({ precision: 10, scale: 2 }),
  json: pg.json().$type<object>(),
  jsonb: pg.jsonb().$type<unknown>(),
  uuid: pg.uuid(),
  date: pg.date(),
  dateDate: pg.date({ mode: "date" }),
  time: pg.time(),
  plain: pg.timestamp({ precision: 6 }),
  plainText: pg.timestamp({ precision: 6, mode: "string" }),
  zoned: pg.timestamp({ withTimezone: true }),
  zonedText: pg.timestamp({ withTimezone: true, mode: "string" }),
  interval: pg.interval(),
  mood: mood(),
  moods: mood().array(),
  inet: pg.inet(),
  point: pg.point(),
  pointXy: pg.point({ mode: "xy" }),
  line: pg.line(),
  ints: pg.integer().array(),
  bigs: pg.bigint({ mode: "number" }).array(),
  texts: pg.text().array(),
  grid: pg.integer().array("[][]"),
  amounts: pg.numeric().array(),
  dates: pg.date().array(),
  bytes: bytea(),
});

const CREATE_ALL = [
  "create type mood as enum ('sad', 'happy')",
  `create table all_kinds (id serial primary key, small smallint, big bigint, "bigNumber" bigint, flag boolean, real real, double double precision,
    amount numeric(10, 2), json json, jsonb jsonb, uuid uuid, date date, "dateDate" date, time time, plain timestamp(6), "plainText" timestamp(6),
    zoned timestamptz, "zonedText" timestamptz, interval interval, mood mood, moods mood[], inet inet, point point, "pointXy" point, line line,
    ints int[], bigs bigint[], texts text[], grid int[][], amounts numeric[], dates date[], bytes bytea)`,
];

const row = {
  small: 7,
  big: 9_223_372_036_854_775_807n,
  bigNumber: 5,
  flag: false,
  real: 0.5,
  double: 1e100,
  amount: "12.30",
  json: { a: [1, null, "x"] },
  jsonb: [1, "two", { three: 3 }],
  uuid: "0b7ab5a5-6d4c-4b8e-9d0e-3f1d2c3b4a59",
  date: "2026-01-31",
  dateDate: new Date("2026-01-31T00:00:00Z"),
  time: "12:30:15",
  plain: day,
  plainText: "2026-01-31 12:30:15.123456",
  zoned: day,
  zonedText: "2026-01-31 12:30:15.123456+00",
  interval: "1 day 02:00:00",
  mood: "happy",
  moods: ["sad", "happy"],
  inet: "10.0.0.1",
  point: [1.5, -2],
  pointXy: { x: 3, y: 4 },
  line: [1, 2, 3],
  ints: [1, 2],
  bigs: [3, 4],
  texts: ['a,"b"\\', "NULL", "{}"],
  grid: [
    [1, 2],
    [3, 4],
  ],
  amounts: ["1.50", "2"],
  dates: ["2026-01-31"],
  bytes: Buffer.from([0, 1, 255]),
} satisfies typeof all.$inferInsert;

test("PostgreSQL: columns of every kind, raw rows and raw results are those of Neon's driver", async () => {
  const { db, server } = await openNeon(operations.postgres);
  await db.autocommit.batch(CREATE_ALL);
  const ours = drizzlePostgres(db);
  const own = ownNeon(server!) as unknown as typeof ours;
  const seen = [];
  for (const orm of [ours, own]) {
    const inserted = await orm.insert(all).values({ id: 1, ...row });
    const [returned] = await orm.insert(all).values({ id: 2 }).returning();
    const results = [];
    for (const text of [
      "select * from all_kinds order by id",
      "select count(*), sum(small), avg(small), array_agg(id order by id), now() is null as never from all_kinds",
      "select '<(1,2),3>'::circle as circle, '{\"(1,2)\",\"(3,4)\"}'::point[] as points, '{1,NULL,9223372036854775807}'::int8[] as bigs, '{{1},{2}}'::int8[] as grid",
      "select '{\"\\\\x00ff\",NULL}'::bytea[] as bytes, '{t,f,NULL}'::bool[] as flags, '{1.5,NaN}'::float8[] as reals, 'Infinity'::float8 as far",
      "select '{\"2026-01-31 12:00:00\"}'::timestamp[] as plain, '{\"2026-01-31 12:00:00+00\"}'::timestamptz[] as zoned, '{1 day}'::interval[] as times, '{1.5}'::numeric[] as amounts",
      "select 1 as same, 2 as same",
      "update all_kinds set small = 8 where id = 1",
      "update all_kinds set small = 8 where id = 1 returning id",
      "delete from all_kinds where id = 99",
      "create table if not exists all_kinds (id int)",
      "show server_encoding",
    ]) {
      const { command, rowCount, rows, fields } = await orm.execute(sql.raw(text));
      results.push({ command, rowCount, rows, fields: fields.map(({ name, dataTypeID }) => ({ name, dataTypeID })) });
    }
    seen.push({
      inserted: { command: inserted.command, rowCount: inserted.rowCount, rows: inserted.rows },
      returned,
      results,
      selected: await orm.select().from(all).orderBy(all.id),
      partial: await orm
        .select({ id: all.id, again: all.id, sum: sql`1::int8` })
        .from(all)
        .orderBy(all.id),
      params: await orm
        .execute(
          sql`select ${new Date(0)}::timestamptz as at, ${sql.param({ a: 1 })}::jsonb as json, ${null}::int as none, ${Buffer.from([1])}::bytea as bytes, ${new Uint16Array([513])}::bytea as view, ${sql.param(undefined)}::int as missing`,
        )
        .then(({ rows }) => rows),
      count: await orm.$count(all),
    });
    await orm.delete(all);
  }
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]!.selected[0]).toEqual({ id: 1, ...row, small: 8 });
  expect(Buffer.isBuffer(seen[0]!.selected[0]!.bytes)).toBe(true);
});

test("PostgreSQL: relational queries are the same", async () => {
  const { db, server } = await openNeon(operations.postgres);
  const owner = pg.pgTable("owner", { id: pg.integer().primaryKey(), since: pg.timestamp({ withTimezone: true }) });
  const pet = pg.pgTable("pet", {
    id: pg.bigint({ mode: "number" }).primaryKey(),
    owner: pg.integer(),
    tags: pg.text().array(),
  });
  const relations = defineRelations({ owner, pet }, (r) => ({
    owner: { pets: r.many.pet({ from: r.owner.id, to: r.pet.owner }) },
    pet: { of: r.one.owner({ from: r.pet.owner, to: r.owner.id }) },
  }));
  await db.autocommit.batch([
    "create table owner (id int primary key, since timestamptz)",
    "create table pet (id bigint primary key, owner int, tags text[])",
    "insert into owner values (1, '2026-01-31 12:00:00+00'), (2, null)",
    "insert into pet values (1, 1, '{a,b}'), (2, 1, null), (3, null, '{}')",
  ]);
  const ours = drizzlePostgres(db, { relations });
  const { drizzle } = await import("drizzle-orm/neon-serverless");
  const own = drizzle({ client: ownNeon(server!).$client, relations });
  const seen = [];
  for (const orm of [ours, own])
    seen.push([
      await orm.query.owner.findMany({ with: { pets: true } }),
      await orm.query.pet.findMany({ with: { of: true } }),
      await orm.query.pet.findFirst({ where: { id: 9 } }),
    ]);
  expect(seen[0]).toEqual(seen[1]);
});

test("bytes of raw rows are a Buffer, where the platform has them", async () => {
  const { db } = await openLibsql(operations.sqlite);
  const orm = drizzleSqlite(db);
  const [found] = await orm.all<{ bytes: Buffer }>(sql`select x'0102' as bytes`);
  expect(Buffer.isBuffer(found!.bytes)).toBe(true);
  expect([...found!.bytes]).toEqual([1, 2]);
  expect(found!.bytes).toBeInstanceOf(Uint8Array);
});
