import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/index.ts";
import type { Place } from "./places.ts";

/** "Use `db` or `tx`: both are in the transaction." */
export function transactionTests({ name, dialect, operations, open }: Place): void {
  const { add, names, broken, raw } = operations;
  const boom = new Error("boom");

  describe(name, () => {
    test("a forgotten `db` inside `db.transaction()` joins it: committed together, rolled back together", async () => {
      const { orm, stored } = await open();
      await orm.transaction(async (tx) => {
        await add(tx, 1);
        await add(orm, 2);
        expect(await names(orm)).toEqual(["goods 1", "goods 2"]);
      });
      const failing = orm.transaction(async (tx) => {
        await add(orm, 3);
        await add(tx, 4);
        throw boom;
      });
      await expect(failing).rejects.toBe(boom);
      expect(await stored()).toEqual(["goods 1", "goods 2"]);
    });

    test("an ambient `db.sql` inside a Drizzle transaction is in it", async () => {
      const { db, orm, stored } = await open();
      const failing = orm.transaction(async (tx) => {
        await db.sql`insert into goods values (1, ${"by isopool"})`;
        expect(await names(tx)).toEqual(["by isopool"]);
        throw boom;
      });
      await expect(failing).rejects.toBe(boom);
      expect(await stored()).toEqual([]);
    });

    test("inside `db.session()` Drizzle's queries and transactions are that session's", async () => {
      const { db, orm, stored } = await open();
      const failing = db.session(async () => {
        await add(orm, 1);
        await orm.transaction((tx) => Promise.resolve(add(tx, 2)));
        expect(await names(orm)).toEqual(["goods 1", "goods 2"]);
        throw boom;
      });
      await expect(failing).rejects.toBe(boom);
      expect(await stored()).toEqual([]);
      expect(db.stats().opened).toBe(1);
    });

    test("a Drizzle transaction that fails in a session is taken back alone", async () => {
      const { db, orm, stored } = await open();
      await db.session(async () => {
        await add(orm, 1);
        const failing = orm.transaction(async (tx) => {
          await add(tx, 2);
          await broken(tx);
        });
        await expect(failing).rejects.toThrow("select * from nowhere");
        await add(orm, 3);
      });
      expect(await stored()).toEqual(["goods 1", "goods 3"]);
    });

    test("`propagation` says otherwise: apart from the session, or joined to it", async () => {
      const { db, orm, stored } = await open();
      // sql.js has one connection.
      const apart = name === "sql.js" ? "required" : "requires-new";
      const failing = db.session(async () => {
        await orm.transaction((tx) => Promise.resolve(add(tx, 1)), { propagation: apart });
        await orm.transaction((tx) => Promise.resolve(add(tx, 2)), { propagation: undefined });
        const level = orm.transaction(() => Promise.resolve(), { isolationLevel: "serializable" });
        await expect(level).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
        throw boom;
      });
      await expect(failing).rejects.toBe(boom);
      expect(await stored()).toEqual(name === "sql.js" ? [] : ["goods 1"]);
    });

    test("nested transactions are savepoints; tx.rollback() takes one back, and its error arrives", async () => {
      const { orm, stored } = await open();
      await orm.transaction(async (tx) => {
        await add(tx, 1);
        const failing = tx.transaction(async (inner) => {
          await add(inner, 2);
          await inner.transaction((innermost) => Promise.resolve(add(innermost, 3)));
          inner.rollback!();
        });
        const error: unknown = await failing.catch((reason: unknown) => reason);
        expect((error as Error).constructor.name).toBe("TransactionRollbackError");
        await tx.transaction((inner) => Promise.resolve(add(inner, 4)));
      });
      expect(await stored()).toEqual(["goods 1", "goods 4"]);
      await expect(orm.transaction(async (tx) => tx.rollback!())).rejects.toThrow("Rollback");
    });

    test("the outer `tx` inside a nested transaction is in that one, and does not wait for it", async () => {
      const { orm, stored } = await open();
      await orm.transaction(async (tx) => {
        const failing = tx.transaction(async (inner) => {
          await add(tx, 1);
          await tx.transaction((deeper) => Promise.resolve(add(deeper, 2)));
          expect(await names(inner)).toEqual(["goods 1", "goods 2"]);
          throw boom;
        });
        await expect(failing).rejects.toBe(boom);
        await add(tx, 3);
      });
      expect(await stored()).toEqual(["goods 3"]);
    });

    test("nested transactions that are started at once take turns", async () => {
      const { orm, stored } = await open();
      await orm.transaction(async (tx) => {
        const both = [1, 2, 3].map((number) =>
          tx.transaction(async (inner) => {
            await add(inner, number);
            if (number === 2) throw boom;
          }),
        );
        const settled = await Promise.allSettled([...both, add(tx, 4)]);
        expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
      });
      expect(await stored()).toEqual(["goods 1", "goods 3", "goods 4"]);
    });

    test("transactions at once are apart: each sees its own, and all are committed", async () => {
      const { orm, stored } = await open();
      await Promise.all(
        [1, 2, 3, 4, 5].map((number) =>
          orm.transaction(async (tx) => {
            await add(tx, number);
            const before = await operations.count(tx);
            await add(orm, number + 10);
            expect(await operations.count(orm)).toBeGreaterThan(before);
          }),
        ),
      );
      expect(await stored()).toHaveLength(10);
    });

    test("a `tx` that is used after its end is refused, and stores nothing", async () => {
      const { orm, stored } = await open();
      const leaked = await orm.transaction(async (tx) => {
        await add(tx, 1);
        return { tx };
      });
      const late = await Promise.resolve(add(leaked.tx, 2)).catch((error: unknown) => error);
      expect(isDbError((late as Error).cause, "SESSION_CLOSED")).toBe(true);
      expect(await stored()).toEqual(["goods 1"]);
    });

    test("a session that is handed in is the one that queries run in, with no context", async () => {
      const { db, stored } = await open();
      const session = db.open();
      const orm = operations.make(session);
      await add(orm, 1);
      await orm.transaction((tx) => Promise.resolve(add(tx, 2)));
      await session.rollback();
      await add(orm, 3);
      await session.close();
      expect(await stored()).toEqual(["goods 3"]);
      expect(orm.$client).toBe(session);
    });

    if (dialect === "postgres")
      test("isolation level, access mode and deferrable arrive with BEGIN", async () => {
        const { orm, roundTrips } = await open();
        await orm.transaction((tx) => Promise.resolve(add(tx, 1)));
        await roundTrips();
        const config = { isolationLevel: "serializable", accessMode: "read only", deferrable: true };
        const told = await orm.transaction(
          (tx) =>
            raw(
              tx,
              "select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as only, current_setting('transaction_deferrable') as late",
            ),
          config,
        );
        expect(told).toEqual([{ level: "serializable", only: "on", late: "on" }]);
        // postgres.js sends what is longer than 1,024 bytes in pieces.
        const pieces = name === "postgres.js" ? [3, 4] : [3];
        expect(pieces).toContain(await roundTrips());
        await orm.transaction(() => raw(orm, "select 1"), { isolationLevel: "repeatable read" });
        expect(await roundTrips()).toBe(2);
        await expect(
          orm.transaction((tx) => Promise.resolve(add(tx, 2)), { accessMode: "read only" }),
        ).rejects.toThrow();
        await expect(orm.transaction(() => Promise.resolve(), { behavior: "immediate" })).resolves.toBe(undefined);
        const wrong = orm.transaction((tx) => Promise.resolve(add(tx, 2)), { behavior: "immediate" });
        await expect(wrong).rejects.toMatchObject({ cause: { code: "TRANSACTION_UNSUPPORTED" } });
      });
    else
      test("`behavior` is SQLite's own, and `concurrent` is refused", async () => {
        const { orm, stored } = await open();
        for (const [number, behavior] of ["deferred", "immediate", "exclusive"].entries())
          await orm.transaction((tx) => Promise.resolve(add(tx, number)), { behavior });
        expect(await stored()).toEqual(["goods 0", "goods 1", "goods 2"]);
        await expect(orm.transaction(() => Promise.resolve(), { behavior: "concurrent" })).rejects.toThrow(
          'Expected `behavior` to be "deferred", "immediate" or "exclusive", got `concurrent`',
        );
      });
  });
}
