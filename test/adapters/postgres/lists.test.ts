// Lists are arrays, objects are JSON, both ways and over every transport alike.

import { describe, expect, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import { driver } from "../neon/driver.ts";
import { openShop } from "../neon/shop.ts";
import { optionsFor } from "../neon/target.ts";

describe.each(["http", "ws", "auto"] as const)("over %s", (transport) => {
  test("any(list), and many rows by unnest()", async () => {
    const { db, names } = await openShop({ neon: { transport } });
    const numbers = [3, 1, 2];
    await db.autocommit.sql`INSERT INTO goods SELECT * FROM unnest(${numbers}::int[], ${["c", 'a"b', "NULL"]}::text[])`;
    expect(await names()).toEqual(['a"b', "NULL", "c"]);
    const { rows } = await db.autocommit
      .sql`SELECT number FROM goods WHERE number = any(${[1, 3, 99]}) ORDER BY 1`.run();
    expect(rows).toEqual([{ number: 1 }, { number: 3 }]);
    expect(await db.autocommit.sql`SELECT number FROM goods WHERE number = any(${[]})`).toEqual([]);
    expect(await db.autocommit.sql`SELECT name FROM goods WHERE name <> all(${["c", "NULL"]})`).toEqual([
      { name: 'a"b' },
    ]);
  });

  test("JSON of any shape, where a list is meant to be JSON too", async () => {
    const { db, server } = await openShop({ neon: { transport } });
    await server.query("CREATE TABLE docs (n int, doc jsonb)");
    const docs = [{ a: [1, "2", null, { b: true }] }, [{ a: 1 }, { a: 2 }]];
    for (const doc of docs) {
      await db.autocommit.sql`INSERT INTO docs VALUES (1, ${doc})`;
      expect(await db.autocommit.sql`SELECT doc FROM docs WHERE doc = ${doc}`).toEqual([{ doc }]);
    }
    for (const list of [[], [1, 2], ["a"], [[1]]])
      expect(await db.autocommit.sql`SELECT ${list}::jsonb AS a, CAST(${list} AS json) AS b`).toEqual([
        { a: list, b: list },
      ]);
    const rows = await db.autocommit.sql`SELECT * FROM jsonb_to_recordset(${[{ n: 1 }, { n: 2 }]}) AS t (n int)`;
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await db.autocommit.sql`SELECT unnest(${[{ n: 1 }]}::jsonb[]) AS j`).toEqual([{ j: { n: 1 } }]);
    expect(await db.autocommit.sql`SELECT 'null'::jsonb AS n, '"x"'::json AS s, '5'::jsonb AS five`).toEqual([
      { n: null, s: "x", five: 5 },
    ]);
  });

  test("lists come as lists, of every depth, type and bound", async () => {
    const { db } = await openShop({ neon: { transport } });
    const [row] = await db.autocommit
      .sql`SELECT ARRAY[[1,2],[3,NULL]] AS a, '{}'::text[] AS b, '[0:1]={x,y}'::text[] AS c,
      ARRAY['{', '}', ',', '"', '\\', '', ' ', NULL, 'NULL', 'null']::varchar[] AS d, ARRAY[1.50]::numeric[] AS e,
      ARRAY['2026-01-02 03:04:05+00'::timestamptz] AS f, ARRAY['\\x00ff'::bytea] AS g, ARRAY[9007199254740993] AS h,
      ARRAY['{"a": [1]}'::jsonb] AS i, ARRAY['2026-01-02'::date] AS j, ARRAY[true] AS k, '{1}'::text AS l`;
    expect(row).toEqual({
      a: [
        [1, 2],
        [3, null],
      ],
      b: [],
      c: ["x", "y"],
      d: ["{", "}", ",", '"', "\\", "", " ", null, "NULL", "null"],
      e: ["1.50"],
      f: [new Date("2026-01-02T03:04:05Z")],
      g: [Uint8Array.of(0, 255)],
      h: [9007199254740993n],
      i: [{ a: [1] }],
      j: ["2026-01-02"],
      k: [true],
      l: "{1}",
    });
  });

  test("lists of each of PostgreSQL's own types come as lists, but for box[], whose items semicolons divide", async () => {
    const { db } = await openShop({ neon: { transport } });
    const { rows } = await db.autocommit.query<{ item: string; list: string }>(
      `SELECT oid::regtype::text AS item, typarray::regtype::text AS list FROM pg_type
        WHERE typarray <> 0 AND typtype NOT IN ('c', 'd') AND oid < 16384 AND typname NOT IN ('cstring', 'gtsvector')`,
    );
    expect(rows.length).toBeGreaterThan(70);
    const text = rows.map(({ list }, at) => `'{NULL}'::${list} AS c${at}`).join();
    const found = (await db.autocommit.raw(`SELECT ${text}`)).rows[0]!;
    const others = rows.filter((_, at) => JSON.stringify(found[at]) !== "[null]").map(({ item }) => item);
    expect(others).toEqual(["box"]);
    const values = {
      money: ["$12.50"],
      bit: ["1"],
      point: ["(1,2)", null],
      int4multirange: ["{[1,3),[5,9)}"],
      record: ["(1,)"],
    };
    const [row] = await db.autocommit.sql`SELECT ARRAY['12.5'::money] AS money, ARRAY[B'1'] AS bit,
      ARRAY['(1,2)'::point, NULL] AS point, ARRAY['{[1,3),[5,9)}'::int4multirange] AS int4multirange, ARRAY[(1, NULL)] AS record`;
    expect(row).toEqual(values);
    expect(
      await db.autocommit.sql`SELECT ${values.point}::point[] AS p, ${values.int4multirange}::int4multirange[] AS r`,
    ).toEqual([{ p: values.point, r: values.int4multirange }]);
  });

  test("a parser by the OID of a type reaches its lists", async () => {
    const { db } = await openShop({ neon: { transport, parsers: { 600: (text) => text.length, 1700: Number } } });
    expect(await db.autocommit.sql`SELECT ARRAY['(1,2)'::point] AS p, ARRAY[1.5] AS n`).toEqual([{ p: [5], n: [1.5] }]);
  });

  test("a parser by the name of a type reaches enums, their lists, and types that are made later, in flights that go anyway", async () => {
    const parsers = {
      "shop.mood": (text: string) => text.toUpperCase(),
      numeric: Number,
      jsonb: (text: string) => text,
    };
    const { db, server, flights } = await openShop({ neon: { transport, parsers } });
    await server.query("CREATE SCHEMA shop");
    expect(await db.autocommit.sql`SELECT 1.5::numeric AS n, ARRAY[2.5] AS l, '{"a": 1}'::jsonb AS j`).toEqual([
      { n: 1.5, l: [2.5], j: '{"a": 1}' },
    ]);
    await server.query("CREATE TYPE shop.mood AS ENUM ('ok', 'so, so')");
    const look = "SELECT 'ok'::shop.mood AS m, ARRAY['so, so', NULL]::shop.mood[] AS l";
    await db.autocommit.query(look);
    await flights();
    expect((await db.autocommit.query(look)).rows).toEqual([{ m: "OK", l: ["SO, SO", null] }]);
    expect(await flights()).toBe(1);
    if (transport !== "http")
      expect((await db.session((session) => session.query(look))).rows).toEqual([{ m: "OK", l: ["SO, SO", null] }]);
    await server.query("DROP TYPE shop.mood; CREATE TYPE shop.mood AS ENUM ('ok', 'so, so')");
    await db.autocommit.query(look);
    expect((await db.autocommit.query(look)).rows).toEqual([{ m: "OK", l: ["SO, SO", null] }]);
  });

  test("a parser that throws fails its own statement, which was executed, and no other", async () => {
    const cause = new Error("what is this?");
    const parsers = {
      23: (text: string) => {
        if (text === "13") throw cause;
        return Number(text);
      },
    };
    const { db, names } = await openShop({ neon: { transport, parsers } });
    const settled = await db.session(
      (session) =>
        Promise.allSettled([
          session.query("INSERT INTO goods VALUES (13, 'unlucky') RETURNING number"),
          session.query("SELECT 12 AS n"),
        ]),
      { transaction: false },
    );
    expect(settled).toMatchObject([
      { status: "rejected", reason: { code: "QUERY_FAILED", outcome: "executed", cause } },
      { status: "fulfilled", value: { rows: [{ n: 12 }] } },
    ]);
    expect(await names()).toEqual(["unlucky"]);
    if (transport === "http") return;
    const reading = db.autocommit.stream("SELECT 13 AS n")[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ code: "QUERY_FAILED", outcome: "executed", cause });
  });
});

test.each([
  ["1900-01-01 00:00:00", "Europe/Amsterdam"],
  ["1850-06-01 12:34:56.789", "Europe/Paris"],
  ["2026-11-29 02:00:00", "Asia/Kathmandu"],
  ["1883-11-18 12:03:57", "America/New_York"],
])("a timestamptz is the same moment in every zone: %s in %s", async (local, zone) => {
  for (const transport of ["http", "ws"] as const) {
    const { db } = await openShop({ neon: { transport }, db: { setup: [`SET timezone = '${zone}'`] } });
    const [row] = await db.autocommit.sql`SELECT ${local}::timestamp AT TIME ZONE ${zone} AS moment,
      extract(epoch FROM ${local}::timestamp AT TIME ZONE ${zone})::float8 AS seconds`;
    expect(row!["moment"]).toBeInstanceOf(Date);
    expect(Number(row!["moment"]) / 1_000).toBeCloseTo(row!["seconds"] as number, 3);
  }
});

/** JSON.stringify() would change these, and say nothing. */
const LOSSY = [new Map([["s3cret", 1]]), new Set([1]), Uint8Array.of(1), Infinity, NaN, 2n ** 64n, new WeakMap()].map(
  (inside) => ({ inside: [inside] }),
);

test("what cannot be JSON or an item of a list is refused by its place, and not shown", async () => {
  const { server } = await openShop();
  const adapter = neon(optionsFor(driver, server)).create({ url: server.url, folder: "" });
  const circle: Record<string, unknown> = { secret: "s3cret" };
  circle["circle"] = circle;
  for (const value of [
    circle,
    { f: () => "s3cret" },
    [Symbol("s3cret")],
    ["s3cret\0"],
    "s3cret\ud83d",
    ["\udca9s3cret"],
    [new Map()],
    [[undefined]],
    ...LOSSY,
  ])
    expect(() => adapter.check!({ text: "SELECT $1, $2", params: [1, value as never] }, "session")).toThrow(
      /^(?!.*s3cret)QUERY_FAILED.*`2`/,
    );
  adapter.check!(
    {
      text: "SELECT $1, $2",
      params: [{ at: new Date(0), left: undefined, big: 7n, own: { toJSON: () => [1] } } as never, 1],
    },
    "session",
  );
});

test("parsers are functions, and a name that can be no type's fails what needs it, each time", async () => {
  const wrong = { ...driver, parsers: { text: "s3cret" } as never };
  expect(() => neon(wrong).create({ url: "postgres://ada:secret@host/db", folder: "" })).toThrow(
    "Expected the parser of `text` to be a function, got `string`",
  );
  for (const transport of ["ws", "http"] as const) {
    const { db, names } = await openShop({ neon: { transport, parsers: { "no such type": Number } } });
    for (let again = 0; again < 2; again++)
      await expect(db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject({
        code: "QUERY_FAILED",
        outcome: "not-executed",
        details: { dialectCode: "42601" },
      });
    expect(await names()).toEqual([]);
  }
});
