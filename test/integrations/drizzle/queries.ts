import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/index.ts";
import type { Place } from "./places.ts";

const caught = (query: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(query).then(
    () => undefined,
    (error: unknown) => error,
  );

/** What a user of Drizzle's own drivers has: batches, prepared statements, a logger, the client, errors, retries, signals. */
export function queryTests({ name, dialect, operations, open }: Place): void {
  const { make, add, all, count, prepared, broken, raw } = operations;

  describe(name, () => {
    test("a batch is all or nothing, and gives each query's own result", async () => {
      const { orm, stored } = await open();
      const [first, , rows] = await orm.batch!([add(orm, 1), add(orm, 2), all(orm)]);
      expect(first).toMatchObject(dialect === "sqlite" ? { rowsAffected: 1, rows: [] } : { rowCount: 1, rows: [] });
      expect(rows).toEqual([
        { number: 1, name: "goods 1" },
        { number: 2, name: "goods 2" },
      ]);
      await expect(orm.batch!([add(orm, 3), add(orm, 1)])).rejects.toMatchObject({ code: "QUERY_FAILED" });
      expect(await stored()).toEqual(["goods 1", "goods 2"]);
    });

    test("a batch in a transaction is in it, and so is one of the forgotten `db`", async () => {
      const { orm, stored } = await open();
      const failing = orm.transaction(async () => {
        await orm.batch!([add(orm, 1), add(orm, 2)]);
        throw new Error("boom");
      });
      await expect(failing).rejects.toThrow("boom");
      expect(await stored()).toEqual([]);
    });

    test("a statement that was prepared outside of a transaction joins the one that it is run in", async () => {
      const { orm } = await open();
      const byNumber = prepared(orm);
      await orm
        .transaction(async (tx) => {
          await add(tx, 1, "unseen by others");
          expect(await byNumber.execute({ number: 1 })).toEqual([{ name: "unseen by others" }]);
          throw new Error("boom");
        })
        .catch(() => undefined);
      expect(await byNumber.execute({ number: 1 })).toEqual([]);
    });

    test("$client is the database that was handed in, $count counts, and a logger hears each query", async () => {
      const { db, orm } = await open();
      expect(orm.$client).toBe(db);
      const heard: string[] = [];
      const logged = make(db, { logger: { logQuery: (text: string) => void heard.push(text) } });
      await add(logged, 1);
      expect(await count(logged)).toBe(1);
      await logged.batch!([all(logged)]);
      expect(heard.map((text) => text.split(" ", 1)[0])).toEqual(["insert", "select", "select"]);
    });

    test("columns of one name do not shadow each other in what Drizzle selects; in raw rows the last counts", async () => {
      const { orm } = await open();
      await add(orm, 1);
      expect(await raw(orm, "select 1 as a, 2 as b, 3 as a")).toEqual([{ a: 3, b: 2 }]);
    });

    test("a failure is a DrizzleQueryError, and our own is its cause", async () => {
      const { orm } = await open();
      await add(orm, 1);
      const error = (await caught(add(orm, 1))) as Error;
      expect(error.constructor.name).toBe("DrizzleQueryError");
      expect(error.cause).toMatchObject({ code: "QUERY_FAILED", details: { kind: "unique", table: "goods" } });
      // SQLite's `run()` wraps it once more in 0.45.
      const other = await caught(broken(orm));
      const causes = [(other as Error).cause, ((other as Error).cause as Error).cause];
      expect(causes.some((cause) => isDbError(cause, "QUERY_FAILED"))).toBe(true);
    });

    test("an aborted signal ends the session with its own reason, and what Drizzle has done in it is taken back", async () => {
      const { db, orm, stored } = await open();
      const controller = new AbortController();
      const reason = new Error("the user left");
      const work = db.session(
        async () => {
          await add(orm, 1);
          controller.abort(reason);
          await add(orm, 2);
        },
        { signal: controller.signal },
      );
      expect(await caught(work)).toBe(reason);
      const early = orm.transaction((tx) => Promise.resolve(add(tx, 3)), { signal: controller.signal });
      expect(await caught(early)).toBe(reason);
      expect(await stored()).toEqual([]);
    });

    test("isopool's own options are Drizzle's too: a name, a deadline, and a wrong one is refused", async () => {
      const { db, orm } = await open();
      const begun: unknown[] = [];
      const end = db.subscribe((event) => void (event.type === "begin" && begun.push(event.session)));
      await orm.transaction((tx) => Promise.resolve(add(tx, 1)), { name: "order", timeoutMs: 10_000 });
      end();
      expect(begun).toHaveLength(1);
      await expect(orm.transaction((tx) => Promise.resolve(add(tx, 2)), { retries: 2 })).rejects.toThrow("retry");
    });
  });
}

/** What only a server shows. */
export function faultTests({ name, dialect, operations, open }: Place): void {
  const { raw } = operations;
  if (name === "sql.js") return;

  describe(name, () => {
    test("a rollback that fails does not replace the user's error, and nothing is stored", async () => {
      const { orm, stored, cutOff } = await open();
      const boom = new Error("boom");
      const failing = orm.transaction(async (tx) => {
        await operations.add(tx, 1);
        await tx.transaction(async (inner) => {
          await operations.add(inner, 2);
          await cutOff!();
          throw boom;
        });
      });
      expect(await caught(failing)).toBe(boom);
      expect(await stored()).toEqual([]);
    });

    test("a transaction that loses a race is retried, though Drizzle has wrapped the error", async () => {
      const { db, orm, stored } = await open();
      const options = { retry: { retries: 3, delayMs: 0 } };
      let attempts = 0;
      const lose = async (): Promise<void> => {
        attempts += 1;
        if (dialect === "postgres") {
          await raw(orm, attempts === 1 ? "do $$ begin raise exception using errcode = '40001'; end $$" : "select 1");
        } else if (attempts === 1) {
          // What it has read is no longer so when it writes.
          await operations.names(orm);
          await db.autocommit.query("insert or replace into goods values (9, 'meanwhile')");
        }
      };
      await db.session(async () => {
        await lose();
        await operations.add(orm, 1);
      }, options);
      expect([attempts, (await stored())[0]]).toEqual([2, "goods 1"]);
      attempts = 0;
      await orm.transaction(async (tx) => {
        await lose();
        await operations.add(tx, 2);
      }, options);
      expect([attempts, (await stored())[1]]).toEqual([2, "goods 2"]);
    });
  });
}
