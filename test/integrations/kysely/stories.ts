// What Kysely does on isopool, told for each version of Kysely that is supported, and for each database.

import { Kysely, type Migrator, sql } from "kysely";
import { describe, expect, test } from "vitest";
import { IsopoolDialect } from "../../../src/integrations/kysely/index.ts";
import { names, type OpenShop, type Shop, SHOPS, type Tables } from "./shop.ts";

const boom = new Error("boom");

function on({ db }: Pick<Shop, "db">): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new IsopoolDialect(db) });
}

const insert = (kysely: Kysely<Tables>, name: string) => kysely.insertInto("item").values({ name });

/** @param Migration - `Migrator`, which is elsewhere in later versions. */
export function tellStories(Migration: typeof Migrator): void {
  describe.each(Object.entries(SHOPS))("on %s", (_, open) => {
    tellTransactions(open);
    tellSessions(open);
    tellTheRest(open);
    tellMigrations(open, Migration);
  });
}

function tellTransactions(open: OpenShop): void {
  test("BEGIN is sent with the first statement, and COMMIT is the only other round trip of its own", async () => {
    const shop = await open();
    const k = on(shop);
    await k.transaction().execute(async (trx) => {
      await insert(trx, "ada").execute();
      await insert(trx, "ben").execute();
    });
    expect(await shop.trips()).toBe(3);
    expect(await names(k)).toEqual(["ada", "ben"]);
    expect(await shop.trips()).toBe(1);
  });

  test("statements of one tick share a flight where Kysely asks for them at once; a transaction that runs nothing sends nothing", async () => {
    const shop = await open();
    const k = on(shop);
    // Through `trx`, Kysely itself asks one after another.
    await k.transaction().execute(async () => Promise.all(["a", "b", "c"].map((name) => insert(k, name).execute())));
    expect(await shop.trips()).toBe(2);
    await k.transaction().execute(async () => undefined);
    expect(await shop.trips()).toBe(0);
  });

  test("what the callback throws comes out as it is, and nothing is stored", async () => {
    const shop = await open();
    const k = on(shop);
    const work = k.transaction().execute(async (trx) => {
      await insert(trx, "ada").execute();
      throw boom;
    });
    await expect(work).rejects.toBe(boom);
    expect(await names(k)).toEqual([]);
  });

  test("a failed statement that was swallowed: what the database would commit is reported", async () => {
    const shop = await open();
    const k = on(shop);
    await insert(k, "ada").execute();
    const work = k.transaction().execute(async (trx) => {
      await insert(trx, "ben").execute();
      await insert(trx, "ada")
        .execute()
        .catch(() => undefined);
    });
    if (!shop.isPostgres) await work;
    else
      await expect(work).rejects.toMatchObject({
        code: "ROLLBACK_ONLY",
        [Symbol.for("kysely.AbortedTransactionError")]: true,
      });
    expect(await names(k)).toEqual(shop.isPostgres ? ["ada"] : ["ada", "ben"]);
  });

  test("controlled transactions commit and roll back", async () => {
    const shop = await open();
    const k = on(shop);
    const kept = await k.startTransaction().execute();
    await insert(kept, "ada").execute();
    await kept.commit().execute();
    const undone = await k.startTransaction().execute();
    await insert(undone, "ben").execute();
    await undone.rollback().execute();
    expect(await names(k)).toEqual(["ada"]);
  });

  test("savepoints of one name, repeated and nested", async () => {
    const shop = await open();
    const k = on(shop);
    const trx = await k.startTransaction().execute();
    await insert(trx, "ada").execute();
    const first = await trx.savepoint("sp").execute();
    await insert(first, "ben").execute();
    const again = await first.rollbackToSavepoint("sp").execute();
    await insert(again, "cleo").execute();
    const inner = await trx.savepoint("sp").execute();
    await insert(inner, "dan").execute();
    await inner.rollbackToSavepoint("sp").execute();
    await insert(trx, "eve").execute();
    await trx.releaseSavepoint("sp" as never).execute();
    await trx.savepoint("Order; --").execute();
    await insert(trx, "fay").execute();
    await trx.releaseSavepoint("sp" as never).execute();
    await expect(trx.rollbackToSavepoint("sp" as never).execute()).rejects.toThrow("got `sp`");
    await trx.commit().execute();
    expect(await names(k)).toEqual(["ada", "cleo", "eve", "fay"]);
  });

  test("a savepoint heals a failed statement", async () => {
    const shop = await open();
    const k = on(shop);
    const trx = await k.startTransaction().execute();
    await insert(trx, "ada").execute();
    const part = await trx.savepoint("part").execute();
    await expect(insert(part, "ada").execute()).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { kind: "unique" },
    });
    await part.rollbackToSavepoint("part").execute();
    await insert(trx, "ben").execute();
    await trx.commit().execute();
    expect(await names(k)).toEqual(["ada", "ben"]);
  });
}

function tellSessions(open: OpenShop): void {
  test("inside db.session(), queries and transactions are that session's", async () => {
    const shop = await open();
    const k = on(shop);
    const work = shop.db.session(async () => {
      await insert(k, "ada").execute();
      await k.transaction().execute(async (trx) => insert(trx, "ben").execute());
      const part = k.transaction().execute(async (trx) => {
        await insert(trx, "cleo").execute();
        throw boom;
      });
      await expect(part).rejects.toBe(boom);
      expect(await names(k)).toEqual(["ada", "ben"]);
      throw boom;
    });
    await expect(work).rejects.toBe(boom);
    expect(await names(k)).toEqual([]);
  });

  test("there, selects of one tick share a flight", async () => {
    const shop = await open();
    const k = on(shop);
    await shop.db.session(async () => Promise.all(Array.from({ length: 8 }, () => names(k))));
    expect(shop.isInPieces ? [2, 3] : [2]).toContain(await shop.trips());
  });

  test("inside a Kysely transaction, db.sql and a forgotten Kysely belong to it", async () => {
    const shop = await open();
    const { db } = shop;
    const k = on(shop);
    const work = k.transaction().execute(async (trx) => {
      await insert(trx, "ada").execute();
      await db.sql`insert into item (name) values (${"ben"})`;
      await insert(k, "cleo").execute();
      await k.transaction().execute(async () => db.sql`insert into item (name) values (${"dan"})`);
      expect(await names(trx)).toEqual(["ada", "ben", "cleo", "dan"]);
      throw boom;
    });
    await expect(work).rejects.toBe(boom);
    expect(await names(k)).toEqual([]);
    expect(db.current()).toBeUndefined();
  });

  test("a transaction in one may fail, and only that is taken back", async () => {
    const shop = await open();
    const k = on(shop);
    await k.transaction().execute(async (trx) => {
      await insert(trx, "ada").execute();
      const inner = k.transaction().execute(async (part) => {
        await insert(part, "ben").execute();
        throw boom;
      });
      await expect(inner).rejects.toBe(boom);
    });
    expect(await names(k)).toEqual(["ada"]);
  });

  test("transactions of one tick take turns in a session, and run side by side outside of any", async () => {
    const shop = await open();
    const k = on(shop);
    const both = async (): Promise<unknown> =>
      Promise.all(["ada", "ben"].map((name) => k.transaction().execute(async (trx) => insert(trx, name).execute())));
    await shop.db.session(both);
    await k.deleteFrom("item").execute();
    await both();
    expect((await names(k)).toSorted()).toEqual(["ada", "ben"]);
  });

  test("the pool lets in as many as it has room for", async () => {
    const shop = await open();
    const k = on(shop);
    const room = shop.db.capabilities!.maxConnections > 1;
    let inside = 0;
    let most = 0;
    const read = async (): Promise<unknown> =>
      k.transaction().execute(async (trx) => {
        await names(trx);
        most = Math.max(most, ++inside);
        for (let turn = 0; turn < (room ? 20_000 : 50) && most < 2; turn++)
          await new Promise((resolve) => setTimeout(resolve, 2));
        inside--;
      });
    await Promise.all([read(), read()]);
    expect(most).toBe(room ? 2 : 1);
  });

  test("a connection is one session: what is set in it stays", async () => {
    const shop = await open();
    const k = on(shop);
    await k.connection().execute(async (connection) => {
      await insert(connection, "ada").execute();
      await connection.transaction().execute(async (trx) => insert(trx, "ben").execute());
      const last = shop.isPostgres ? sql`lastval()` : sql`last_insert_rowid()`;
      const { rows } = await sql<{ n: number }>`select ${last} as n`.execute(connection);
      expect(rows).toEqual([{ n: 2 }]);
    });
    expect(await names(k)).toEqual(["ada", "ben"]);
  });
}

function tellTheRest(open: OpenShop): void {
  test("results are as Kysely's own drivers give them", async () => {
    const shop = await open();
    const k = on(shop);
    const inserted = await insert(k, "ada").executeTakeFirstOrThrow();
    expect(inserted).toMatchObject({ numInsertedOrUpdatedRows: 1n, insertId: shop.isPostgres ? undefined : 1n });
    expect(await insert(k, "ben").returningAll().execute()).toEqual([{ id: 2, name: "ben" }]);
    const updated = await k
      .updateTable("item")
      .set({ name: "cleo" })
      .where("id", "<", 9)
      .where("name", "=", "ada")
      .executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(1n);
    expect((await k.deleteFrom("item").executeTakeFirst()).numDeletedRows).toBe(2n);
    const { rows } = await sql`select 1 as a, 2 as a, ${undefined} as b`.execute(k);
    expect(rows).toEqual([{ a: 2, b: null }]);
    expect(await sql`insert into item (name) values ('dan')`.execute(k)).toMatchObject({ numAffectedRows: 1n });
    const returned = await sql`insert into item (name) values ('eve') returning name`.execute(k);
    expect(returned).toMatchObject({ rows: [{ name: "eve" }], ...(shop.isPostgres && { numAffectedRows: 1n }) });
  });

  test("rows are streamed, and a statement of the same transaction may run in the middle of it", async () => {
    const shop = await open();
    const k = on(shop);
    await k
      .insertInto("item")
      .values(Array.from({ length: 25 }, (_, index) => ({ name: `n${index}` })))
      .execute();
    const seen: string[] = [];
    for await (const { name } of k.selectFrom("item").select("name").orderBy("id").stream(10)) seen.push(name);
    expect(seen).toHaveLength(25);
    for await (const _ of k.selectFrom("item").select("name").stream(5)) break;
    await k.transaction().execute(async (trx) => {
      for await (const { id } of trx.selectFrom("item").select("id").orderBy("id").stream(10))
        // Kysely lets nobody else use `trx` in the loop; the Kysely itself is in the transaction, too.
        if (id <= 2)
          await k
            .updateTable("item")
            .set({ name: `changed ${id}` })
            .where("id", "=", id)
            .execute();
    });
    expect((await names(k)).slice(0, 3)).toEqual(["changed 1", "changed 2", "n2"]);
  });

  test("of columns with one name the last one stays, as of any query, streamed or not", async () => {
    const k = on(await open());
    await insert(k, "ada").execute();
    const query = k
      .selectFrom("item")
      .innerJoin("item as other", "other.id", "item.id")
      .selectAll("item")
      .select("other.id");
    const rows = await query.execute();
    const streamed: object[] = [];
    for await (const row of query.stream()) streamed.push(row);
    expect(streamed).toEqual(rows);
    expect(rows).toEqual([{ id: 1, name: "ada" }]);
  });

  test("an error is isopool's, and names the line that waits for it", async () => {
    const shop = await open();
    const error = await sql`select * from nowhere`.execute(on(shop)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "QUERY_FAILED" });
    expect((error as Error).stack).toContain("stories.ts");
  });

  test("the tables are introspected", async () => {
    const shop = await open();
    const tables = await on(shop).introspection.getTables();
    expect(tables.find(({ name }) => name === "item")?.columns.map(({ name }) => name)).toEqual(["id", "name"]);
  });
}

function tellMigrations(open: OpenShop, Migration: typeof Migrator): void {
  test("migrations run once, whoever migrates at the same time", async () => {
    const shop = await open();
    const k = on(shop);
    let runs = 0;
    const up = async (given: Kysely<unknown>): Promise<void> => {
      runs++;
      await given.schema.createTable("box").addColumn("id", "integer").execute();
    };
    const migrate = () =>
      new Migration({ db: k, provider: { getMigrations: async () => ({ "1": { up } }) } }).migrateToLatest();
    const results = await Promise.all([migrate(), migrate(), migrate()]);
    expect(results.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(runs).toBe(1);
    expect((await k.introspection.getTables()).map(({ name }) => name)).toContain("box");
  });

  test("a migration that fails is reported", async () => {
    const shop = await open();
    const provider = { getMigrations: async () => ({ "1": { up: () => Promise.reject(boom) } }) };
    const { error } = await new Migration({ db: on(shop), provider }).migrateToLatest();
    expect(error).toBe(boom);
  });
}
