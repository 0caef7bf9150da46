// The same over HTTP and WebSocket, field by field.

import { expect, test } from "vitest";
import { openShop } from "./shop.ts";

const QUERIES: readonly (readonly [
  text: string,
  params?: readonly (string | number | boolean | Date | Uint8Array | null)[],
])[] = [
  ["SELECT 1::int2 AS a, 2::int4 AS b, 3::int8 AS c, 9007199254740993 AS d, 4::oid AS e"],
  ["SELECT 1.50::numeric AS a, 'NaN'::numeric AS b, 1e400::numeric AS c, 1.5::float4 AS d, '-Infinity'::float8 AS e"],
  ["SELECT true AS a, false AS b, NULL::bool AS c"],
  ["SELECT 'ü🦆'::text AS a, 'x'::char(3) AS b, ''::varchar AS c, 'n'::name AS d, 'z'::\"char\" AS e"],
  ["SELECT '\\x00ff'::bytea AS a, ''::bytea AS b"],
  [
    "SELECT '2026-01-02'::date AS a, '03:04:05.678901'::time AS b, '03:04+02'::timetz AS c, '1 mon 2 days'::interval AS d",
  ],
  ["SELECT '2026-01-02 03:04:05.678901'::timestamp AS a, '2026-01-02 03:04:05.678901+05:30'::timestamptz AS b"],
  ["SELECT 'infinity'::timestamptz AS a, '0044-03-15 BC'::date AS b, '10000-01-01 00:00Z'::timestamptz AS c"],
  [`SELECT '{"b": 1, "a": [1.50, null]}'::json AS a, '{"b": 1, "a": [1.50, null]}'::jsonb AS b`],
  ["SELECT ARRAY[1, NULL, 3] AS a, '{{1,2},{3,4}}'::int[] AS b, ARRAY['a,b', 'c\"d', NULL] AS c, '{}'::text[] AS d"],
  ["SELECT '[1,5)'::int4range AS a, '(1,2)'::point AS b, '10.0.0.0/8'::cidr AS c, ROW(1, 'x') AS d"],
  ['SELECT 1 AS x, 2 AS x, 3 AS "?column?", 4'],
  [
    "SELECT $1::int AS a, $2::text AS b, $3::bool AS c, $4::timestamptz AS d, $5::bytea AS e, $6::text AS f",
    [1, "t", true, new Date(1e12), Uint8Array.of(1, 2), null],
  ],
  ["SELECT * FROM goods WHERE false"],
  ["INSERT INTO goods VALUES (1, 'tea'), (2, 'salt')"],
  ["UPDATE goods SET name = name || '!' RETURNING number, name"],
  ["WITH gone AS (DELETE FROM goods RETURNING number) SELECT count(*) AS n FROM gone"],
  ["CREATE TABLE made AS SELECT 1 AS n"],
  ["SHOW server_encoding"],
  ["EXPLAIN (COSTS OFF) SELECT 1"],
  ["VALUES (1, 'a'), (2, 'b')"],
  ["SELECT 1 WHERE false"],
  ["SELECT nothing FROM goods"],
  ["SELECT 1 / 0"],
  ["SELECT $1::int", ["no number"]],
  ["SELEC 1"],
];

test.each([15, 18] as const)(
  "results and errors are the same over HTTP and WebSocket: PostgreSQL %s",
  async (version) => {
    const [http, ws] = [
      await openShop({ server: { version }, neon: { transport: "http" } }),
      await openShop({ server: { version }, neon: { transport: "ws" } }),
    ];
    for (const [text, params = []] of QUERIES) {
      const [one, other] = await Promise.all(
        [http, ws].map(({ db }) =>
          db.autocommit.query(text, params).catch((error: Error & { code: string; details: object }) => ({
            error: [error.message, error.code, error.details, String(error.cause)],
            ...Object.fromEntries(Object.entries(error)),
          })),
        ),
      );
      expect(one, text).toEqual(other);
    }
  },
);

test("what numbers, dates and the rest come as", async () => {
  const { db } = await openShop();
  const { rows } = await db.autocommit.query(
    `SELECT 9007199254740991 AS a, 9007199254740992 AS b, 1.10::numeric AS c, sum(n) AS d, count(*) AS e,
      '2026-01-02 03:04:05.678901+00'::timestamptz AS f, '2026-01-02'::date AS g, '{"a": 1}'::jsonb AS h, ARRAY[1,2] AS i
      FROM generate_series(1, 3) AS n`,
  );
  expect(rows).toEqual([
    {
      a: 9007199254740991,
      b: 9007199254740992n,
      c: "1.10",
      d: 6,
      e: 3,
      f: new Date("2026-01-02T03:04:05.678Z"),
      g: "2026-01-02",
      h: { a: 1 },
      i: [1, 2],
    },
  ]);
});

test("parsers of one's own are used in every transport, and in streams", async () => {
  const parsers = { 3802: (text: string): unknown => JSON.parse(text), 1700: Number };
  const text = `SELECT '{"a": [1]}'::jsonb AS j, 1.5::numeric AS n`;
  const expected = [{ j: { a: [1] }, n: 1.5 }];
  for (const transport of ["http", "ws", "auto"] as const) {
    const { db } = await openShop({ neon: { transport, parsers } });
    expect((await db.autocommit.query(text)).rows).toEqual(expected);
    if (transport === "http") continue;
    const streamed: unknown[] = [];
    for await (const row of db.autocommit.stream(text)) streamed.push(row);
    expect(streamed).toEqual(expected);
  }
});
