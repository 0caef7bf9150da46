import { describe, expect, test } from "vitest";
import type { NeonServer, Operations, Orm, Place } from "./places.ts";

export interface OwnDrivers {
  ownLibsql(url: string): object;
  ownNeon(server: NeonServer): object;
}

type Work = (orm: Orm, operations: Operations) => Promise<unknown>;

const one: Work = (orm, { names }) => names(orm);
const awaited: Work = (orm, { add }) =>
  orm.transaction(async (tx) => {
    for (const number of [1, 2, 3]) await add(tx, number);
  });
const atOnce: Work = (orm, { add }) =>
  orm.transaction((tx) => Promise.all([1, 2, 3].map((number) => Promise.resolve(add(tx, number)))));
const nested: Work = (orm, { add }) =>
  orm.transaction(async (tx) => {
    await add(tx, 1);
    await tx.transaction((inner) => Promise.all([2, 3].map((number) => Promise.resolve(add(inner, number)))));
    await add(tx, 4);
  });
const undone: Work = (orm, { add }) =>
  orm
    .transaction(async (tx) => {
      await add(tx, 1);
      throw new Error("undone");
    })
    .catch(() => undefined);
const empty: Work = (orm) => orm.transaction(() => Promise.resolve());
const eight: Work = (orm, { names }) => Promise.all(Array.from({ length: 8 }, () => names(orm)));

/** Over isopool, and over the driver that Drizzle has itself; the connect is not counted. */
const cases: Record<string, [work: Work, libsql: [number, number], neon: [number, number]]> = {
  "a lone select": [one, [1, 1], [1, 1]],
  "a transaction of three, awaited one by one": [awaited, [4, 4], [4, 5]],
  "a transaction of three at once": [atOnce, [2, 3], [2, 5]],
  "a transaction with a nested one": [nested, [4, 6], [4, 8]],
  "a transaction that is rolled back": [undone, [2, 2], [2, 3]],
  "a transaction without a statement": [empty, [0, 0], [0, 2]],
  "eight selects at once": [eight, [1, 8], [1, 8]],
};

/** Round trips, counted at the server: never more than with Drizzle's own driver. */
export function roundTripTests({ name, operations, open }: Place, { ownLibsql, ownNeon }: OwnDrivers): void {
  if (name === "sql.js") return;
  const isNeon = name === "Neon";
  const { names, add, all } = operations;

  describe(name, () => {
    test.each(Object.entries(cases))("%s", async (_, [work, libsql, neon]) => {
      const { orm, roundTrips, server } = await open();
      const own = (isNeon ? ownNeon(server!) : ownLibsql(server!.url)) as Orm;
      const counted: (number | undefined)[] = [];
      for (const each of [orm, own]) {
        // Connected, and with a socket where that is needed.
        await each.transaction((tx) => names(tx));
        await roundTrips();
        await work(each, operations);
        counted.push(await roundTrips());
        await each.transaction((tx) => operations.raw(tx, "delete from goods returning name"));
      }
      expect(counted).toEqual(isNeon ? neon : libsql);
    });

    test("a batch is one, also the first of all, and in a transaction no more than a statement", async () => {
      const { orm, roundTrips, stored } = await open();
      await orm.batch!([add(orm, 1), add(orm, 2), all(orm)]);
      expect(await roundTrips()).toBe(1);
      await orm.transaction(async (tx) => {
        await add(tx, 3);
        await orm.batch!([add(orm, 4), all(orm)]);
      });
      expect(await roundTrips()).toBe(isNeon ? 4 : 3);
      expect(await stored()).toHaveLength(4);
    });

    test("in a session, queries that are asked for at once share one, with BEGIN in it", async () => {
      const { db, orm, roundTrips } = await open();
      await db.session(() => names(orm));
      await roundTrips();
      await db.session(() => Promise.all(Array.from({ length: 8 }, () => names(orm))));
      expect(await roundTrips()).toBe(2);
    });

    test("a prepared statement is one each time it is run", async () => {
      const { orm, roundTrips } = await open();
      await orm.batch!([add(orm, 1), add(orm, 2)]);
      await roundTrips();
      const prepared = operations.prepared(orm);
      expect([await prepared.execute({ number: 1 }), await prepared.execute({ number: 2 })]).toEqual([
        [{ name: "goods 1" }],
        [{ name: "goods 2" }],
      ]);
      expect(await roundTrips()).toBe(2);
    });
  });
}
