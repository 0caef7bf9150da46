// What PostgreSQL says, whole; what it says things about, by name; and never a value.

import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/index.ts";
import { openShop } from "../neon/shop.ts";

const SCHEMA = `
  CREATE SCHEMA shop;
  CREATE TYPE shop.mood AS ENUM ('ok');
  CREATE DOMAIN shop.positive AS int CONSTRAINT is_positive CHECK (VALUE > 0);
  CREATE TABLE shop.item (a int, b text, c int NOT NULL, d shop.positive,
    CONSTRAINT one_of_each UNIQUE (a, b), CONSTRAINT c_is_small CHECK (c < 100));
  CREATE TABLE shop.part (item int CONSTRAINT of_item REFERENCES goods);
  INSERT INTO shop.item VALUES (1, 'a', 1, 1);
  CREATE FUNCTION complain(what text, code text) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no stock of % left, duplicate', what USING ERRCODE = code, HINT = 'order ' || what; END $$;
  CREATE FUNCTION call_by_name(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT %I()', what); END $$;`;

type Case = readonly [string, readonly unknown[], string, Record<string, unknown>];

const CASES: Case[] = [
  [
    "INSERT INTO shop.item VALUES ($1, $2, 1, 1)",
    [1, "a"],
    'duplicate key value violates unique constraint "one_of_each"',
    { kind: "unique", constraint: "one_of_each", table: "item", schema: "shop", columns: ["a", "b"] },
  ],
  [
    "INSERT INTO shop.item VALUES ($1, 'x', $2, 1)",
    [1, null],
    'null value in column "c" of relation "item" violates not-null constraint',
    { kind: "not-null", table: "item", schema: "shop", columns: ["c"] },
  ],
  [
    "INSERT INTO shop.item VALUES (2, $1, 100, 1)",
    ["e"],
    'new row for relation "item" violates check constraint "c_is_small"',
    { kind: "check", constraint: "c_is_small", table: "item" },
  ],
  [
    "INSERT INTO shop.item VALUES (3, $1, 1, -1)",
    ["i"],
    'value for domain shop.positive violates check constraint "is_positive"',
    { kind: "check", constraint: "is_positive", dataType: "positive", schema: "shop" },
  ],
  [
    "INSERT INTO shop.part VALUES ($1)",
    [9],
    'insert or update on table "part" violates foreign key constraint "of_item"',
    { kind: "foreign-key", constraint: "of_item", table: "part", columns: ["item"] },
  ],
  [
    "SELECT naem FROM goods WHERE name = $1",
    ["n"],
    'column "naem" does not exist',
    { position: 7, hint: 'Perhaps you meant to reference the column "goods.name".' },
  ],
  ["SELECT $1::int", ["s3cret"], 'invalid input syntax for type integer: "?"', {}],
  ["SELECT $1::int", ["i"], 'invalid input syntax for type integer: "?"', {}],
  ["SELECT $1::int", ['s3"cr"et'], 'invalid input syntax for type integer: "?"', {}],
  ["SELECT $1::smallint", [99_999], 'value "?" is out of range for type smallint', {}],
  ["SELECT $1::shop.mood", ["ok, s3cret"], 'invalid input value for enum shop.mood: "?"', {}],
  ["SELECT $1::date", ["2026-13-45"], 'date/time field value out of range: "?"', {}],
  ["SELECT 'x' ~ $1", ["(s3cret"], "invalid regular expression: parentheses () not balanced", {}],
  ["SELECT 1 / $1::int", [0], "division by zero", {}],
  ["SELECT $1::regclass", ["s3cret"], 'relation "?" does not exist', { dialectCode: "42P01" }],
  ["SELECT pg_get_serial_sequence('goods', $1)", ["s3cret"], 'column "?" of relation "goods" does not exist', {}],
  ["SELECT call_by_name($1)", ["s3cret"], "function ?() does not exist", { dialectCode: "42883" }],
  ["SELECT $1::regclass", ["S3cret"], 'relation "?" does not exist', {}],
  ["SELECT date_trunc($1, now())", ["S3CRET"], 'unit "?" not recognized for type timestamp with time zone', {}],
  ["SELECT $1::regnamespace", ["s3cret"], 'schema "?" does not exist', {}],
  ["SELECT name FROM nothing WHERE name = $1", ["nothing"], 'relation "nothing" does not exist', { position: 17 }],
  [
    "SELECT complain($1, $2)",
    ["s3cret", "P0001"],
    "no stock of ? left, duplicate",
    { dialectCode: "P0001", hint: "order ?" },
  ],
  ["SELECT complain($1, $2)", ["s3cret", "23505"], "no stock of ? left, duplicate", { kind: "unique" }],
  ["SELECT complain($1, $2)", ["4711", "P0001"], "no stock of ? left, duplicate", {}],
  ["SELECT complain($1, $2)", ["o", "P0001"], "no stock of o left, duplicate", {}],
];

describe.each(["http", "ws"] as const)("over %s", (transport) => {
  test("messages are whole, details tell what they are about, and no value shows", async () => {
    const { db, server } = await openShop({ neon: { transport } });
    await server.query(SCHEMA);
    for (const [text, params, message, details] of CASES) {
      const error: unknown = await db.autocommit.query(text, params as never).catch((thrown: unknown) => thrown);
      if (!isDbError(error, "QUERY_FAILED")) throw error;
      expect(error.message).toBe(`QUERY_FAILED: ${message}`);
      expect(error.details).toMatchObject(details);
      expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toMatch(/s3cret|2026-13/);
    }
  });
});

test.each([15, 18] as const)(
  "a row that is still referenced is a matter of a foreign key, RESTRICT or not: PostgreSQL %i",
  async (version) => {
    const { db, server } = await openShop({ server: { version } });
    await server.query(`CREATE TABLE part (strict int REFERENCES goods ON DELETE RESTRICT, lax int REFERENCES goods);
    INSERT INTO goods VALUES (1, 'tea'), (2, 'salt'); INSERT INTO part VALUES (1, 2)`);
    for (const [number, constraint] of [
      [1, "part_strict_fkey"],
      [2, "part_lax_fkey"],
    ] as const) {
      const error: unknown = await db.autocommit.sql`DELETE FROM goods WHERE number = ${number}`.catch(
        (thrown: unknown) => thrown,
      );
      if (!isDbError(error, "QUERY_FAILED")) throw error;
      expect(error.details).toMatchObject({ kind: "foreign-key", table: "part", constraint });
      // `number` is of `goods`.
      expect(error.details).not.toHaveProperty("columns");
    }
  },
);
