// Where a statement cannot be read, at servers of several minds: sqld has a parser of its own, with its own words and places.

import { describe, expect, test } from "vitest";
import { toDbError } from "../../../src/adapters/libsql/errors.ts";
import { openShop, SERVERS } from "./shop.ts";

/** A text, and where it goes wrong; `undefined` where only sqld's parser says so. */
const wrong: readonly (readonly [sql: string, position: number | undefined])[] = [
  ["SELECT 1 FROM", 13],
  ["SELEC 1", 0],
  ["SELECT from_x FROM FROM t", 19],
  ["SELECT 1, 2, (3), , 4", 18],
  ["SELECT 'abc", 7],
  ['SELECT "abc', 7],
  ["SELECT *\nFROM FROM t", 14],
  ["SELECT 'naïve 🦆', é\n, 'é' FROM FROM x", 32],
  ["SELECT 1 LIMIT LIMIT", 15],
  ["SELECT 1 1", 9],
  ["SELECT [abc", 7],
  ["SELECT 1 ^ 2", 9],
  ["SELECT 1 <= <= 2", 12],
  // sqld's parser lets it pass, and SQLite does not.
  ["DELETE FROM goods -- é\nLIMIT 1", 23],
];

describe.each(SERVERS)("at $name", ({ options, isCloud }) => {
  const each = test.skipIf(!options);

  each("a statement that cannot be read says where, in a query, a list and a stream", async () => {
    const { db } = await openShop({ server: options! });
    const found: unknown[] = [];
    for (const [sql] of wrong) {
      const errors: unknown[] = [];
      await db.query(sql).catch((error: unknown) => errors.push(error));
      await db.batch(["SELECT 1", sql, "SELECT 2"]).catch((error: unknown) => errors.push(error));
      const read = async (): Promise<void> => {
        for await (const _ of db.stream(sql));
      };
      await read().catch((error: unknown) => errors.push(error));
      for (const error of errors)
        expect(error, sql).toMatchObject({
          code: "QUERY_FAILED",
          outcome: "not-executed",
          details: { kind: "syntax" },
        });
      expect(errors[1], sql).toMatchObject({ details: { sql, statementIndex: 1 } });
      found.push(...errors.map((error) => [sql, (error as { details: { position: number } }).details.position]));
    }
    const one = wrong.length;
    expect(found).toHaveLength(3 * one);
    // A token that stands there more than once cannot be placed by its name alone, which is all that Turso Cloud says.
    for (const [index, [sql, position]] of wrong.entries())
      for (const told of found.slice(3 * index, 3 * index + 3)) {
        if (!isCloud) expect(told).toEqual([sql, position]);
        else
          expect([
            [sql, position],
            [sql, undefined],
          ]).toContainEqual(told);
      }
  });

  // Nothing says which statements Turso Cloud does not support.
  test.skipIf(!options || isCloud)(
    "a statement that it does not support is named, in a list and a stream",
    async () => {
      const { db } = await openShop({ server: options! });
      const sql = "ATTACH 'x' AS y";
      const told = { code: "QUERY_FAILED", outcome: "not-executed", details: { sql, kind: "other" } };
      await expect(db.batch(["SELECT 1", sql])).rejects.toMatchObject({ ...told, details: { statementIndex: 1 } });
      const read = async (): Promise<void> => {
        for await (const _ of db.stream(sql));
      };
      await expect(read()).rejects.toMatchObject(told);
    },
  );
});

test.each([
  ['SQL string could not be parsed: near "FROM": syntax error', "SELECT 1 FROM FROM t", undefined],
  ['SQL string could not be parsed: near "x": syntax error', "SELECT 1 x", 9],
  ["SQL string could not be parsed: unexpected end of input at (1, 14)", "SELECT 1 FROM", 13],
  ['SQL string could not be parsed: near FROM, "None": syntax error at (9, 24)', "SELECT 1", undefined],
  ['SQLite input error: near "limit": syntax error (at offset 19)', "delete /* é */ from limit", 18],
])("%s in %j is at %s", (message, text, position) => {
  const { details } = toDbError({ message, code: "SQL_PARSE_ERROR" }, { text });
  expect((details as { position?: number }).position).toBe(position);
});
