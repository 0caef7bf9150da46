import { describe, expect, test } from "vitest";
import type { Database } from "../../../src/index.ts";
import { rolledBack } from "../../../src/integrations/testing/index.ts";
import { SHOPS } from "../kysely/shop.ts";

const add = (db: Pick<Database, "sql">, name: string): Promise<unknown> =>
  db.sql`insert into item (name) values (${name})`.run();
const names = async (db: Pick<Database, "sql">): Promise<unknown[]> =>
  (await db.sql<{ name: string }>`select name from item order by name`).map(({ name }) => name);

describe.each(Object.entries(SHOPS))("on %s, a test is rolled back", (_name, open) => {
  test("with what db.session(), db.sql, db.batch() and db.transaction() have committed", async () => {
    const { db } = await open();
    const value = await rolledBack(db, async () => {
      await db.session((session) => add(session, "session"));
      await add(db, "alone");
      await db.batch([
        db.sql`insert into item (name) values ('batch 1')`,
        "insert into item (name) values ('batch 2')",
      ]);
      await db.transaction(() => add(db, "transaction"));
      await db.autocommit.sql`insert into item (name) values ('autocommit')`;
      expect(await names(db)).toEqual(["alone", "autocommit", "batch 1", "batch 2", "session", "transaction"]);
      return 7;
    });
    expect(value).toBe(7);
    expect(await names(db)).toEqual([]);
    await add(db, "kept");
    expect(await names(db)).toEqual(["kept"]);
  });

  test("and a session that fails takes back only its own", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await add(db, "before");
      const failed = db.session(async (session) => {
        await add(session, "gone");
        throw new Error("on purpose");
      });
      await expect(failed).rejects.toThrow("on purpose");
      await expect(db.session((session) => add(session, "before"))).rejects.toMatchObject({ code: "QUERY_FAILED" });
      await expect(add(db, "before")).rejects.toMatchObject({ details: { kind: "unique" } });
      await add(db, "after");
      expect(await names(db)).toEqual(["after", "before"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("and its callbacks run when their session ends", async () => {
    const { db } = await open();
    const log: string[] = [];
    await rolledBack(db, async () => {
      await db.session(async (session) => {
        session.onCommit(() => log.push("committed"));
        session.onRollback(() => log.push("never"));
        await add(session, "one");
      });
      log.push("after the first");
      const failed = db.session(async (session) => {
        session.onRollback(() => log.push("rolled back"));
        await add(session, "two");
        throw new Error("on purpose");
      });
      await expect(failed).rejects.toThrow("on purpose");
      log.push("after the second");
    });
    expect(log).toEqual(["committed", "after the first", "rolled back", "after the second"]);
  });

  test("with sessions inside of sessions, requires-new and nested transactions", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await db.session(async (session) => {
        await add(session, "outer");
        await session.transaction((inner) => add(inner, "new"), { propagation: "requires-new" });
        await db.session((inner) => add(inner, "session"));
        await add(db.autocommit, "autocommit");
        const failed = session.transaction(
          async (inner) => {
            await add(inner, "gone");
            throw new Error("on purpose");
          },
          { propagation: "nested" },
        );
        await expect(failed).rejects.toThrow("on purpose");
        await add(session, "more");
      });
      expect(await names(db)).toEqual(["autocommit", "more", "new", "outer", "session"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("beside others, which it never meets", async () => {
    const { db } = await open();
    const run = (name: string): Promise<void> =>
      rolledBack(db, async () => {
        await db.session((session) => add(session, name));
        expect(await names(db)).toEqual([name]);
        await add(db, `${name} too`);
        expect(await names(db)).toEqual([name, `${name} too`]);
      });
    await Promise.all([run("a"), run("b"), run("c")]);
    expect(await names(db)).toEqual([]);
  });

  test("with sessions side by side, which take turns", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      const both = ["a", "b", "c"].map((name) =>
        db.session(async (session) => {
          await add(session, name);
          await Promise.resolve();
          await add(session, `${name} too`);
          if (name === "b") throw new Error("on purpose");
        }),
      );
      const settled = await Promise.allSettled(both);
      expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await names(db)).toEqual(["a", "a too", "c", "c too"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("with a commit in the middle of a session, a rollback, and a session by hand", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await db.session(async (session) => {
        await add(session, "first");
        await session.commit();
        await add(session, "second");
        await session.rollback();
        await session.commit(session.sql`insert into item (name) values ('third')`);
      });
      const session = db.open();
      await add(session, "undecided");
      await session.close(null);
      const other = db.open();
      await add(other, "closed");
      await other.close();
      expect(await names(db)).toEqual(["closed", "first", "third"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("with its streams", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await db.batch(["a", "b", "c"].map((name) => db.sql`insert into item (name) values (${name})`));
      const seen: unknown[] = [];
      for await (const { name } of db.autocommit.stream("select name from item order by name", { batchSize: 1 })) {
        seen.push(name);
        // Another session, while this one reads; ahead of what it has still to read.
        await db.session((session) => add(session, `0 ${String(name)}`));
      }
      expect(seen).toEqual(["a", "b", "c"]);
      await db.session(async (session) => {
        const rows: unknown[] = [];
        for await (const row of session.stream("select name from item order by name", { batchSize: 2 })) {
          rows.push(row);
          if (rows.length === 3) break;
        }
        expect(rows).toEqual([{ name: "0 a" }, { name: "0 b" }, { name: "0 c" }]);
        await add(session, "last");
      });
      expect(await names(db)).toContain("last");
    });
    expect(await names(db)).toEqual([]);
  });
});
