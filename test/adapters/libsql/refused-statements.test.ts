import { describe, expect, test } from "vitest";
import { add, openShop, PROFILES } from "./shop.ts";

// Servers refuse a batch whole when one statement of it cannot be parsed, and do not say which one.
describe.each(PROFILES)("at %s", (profile) => {
  test("of statements that leave together, only the one that cannot be parsed fails", async () => {
    const { db, sent, names } = await openShop({ server: { profile } });
    await db.session(async (session) => {
      const all = [session.batch([add(1, "tea")]), session.query("SELEC 2"), session.query("SELECT 3 AS three")];
      const [first, second, third] = await Promise.allSettled(all);
      expect(first).toMatchObject({ status: "fulfilled" });
      expect(second).toMatchObject({ reason: { code: "QUERY_FAILED", details: { kind: "syntax", sql: "SELEC 2" } } });
      expect(third).toMatchObject({ value: { rows: [{ three: 3 }] } });
    });
    expect((await sent()).length).toBeLessThanOrEqual(3);
    expect(await names()).toEqual(["tea"]);
  });

  test("in a list, the error names the statement, and nothing of the list stays", async () => {
    const { db, names } = await openShop({ server: { profile } });
    const list = [add(1, "tea"), "SELEC 2", add(3, "salt")];
    const told = { code: "QUERY_FAILED", details: { kind: "syntax", statementIndex: 1 } };
    await expect(db.batch(list)).rejects.toMatchObject(told);
    await db.session(async (session) => {
      await session.batch([add(4, "rice")]);
      await expect(session.batch(list)).rejects.toMatchObject(told);
    });
    expect(await names()).toEqual(["rice"]);
  });

  test("setup that cannot be parsed fails the connection, and tells the statement", async () => {
    const { db } = await openShop({ server: { profile }, database: { setup: ["SELEC 1"] } });
    await expect(db.query("SELECT 2")).rejects.toMatchObject({ code: "QUERY_FAILED", details: { sql: "SELEC 1" } });
  });

  test("at a server of version 2, what failed in a transaction leaves only a rollback, and a savepoint heals it", async () => {
    const { db, names } = await openShop({ server: { profile, newest: "v2" } });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      const both = [
        session.query("INSERT OR ROLLBACK INTO goods VALUES (1, 'x')"),
        session.query("INSERT INTO goods VALUES (2, 'late')"),
      ];
      for (const { status } of await Promise.allSettled(both)) expect(status).toBe("rejected");
      await session.query("INSERT INTO goods VALUES (3, 'later')");
    });
    // Turso Cloud has closed the stream of a transaction that is over, which tells it.
    await expect(work).rejects.toMatchObject({ code: profile === "sqld" ? "ROLLBACK_ONLY" : "TRANSACTION_LOST" });
    expect(await names()).toEqual([]);
    await db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      const inner = session.transaction((nested) => nested.query("INSERT INTO goods VALUES (1, 'x')"), {
        propagation: "nested",
      });
      await expect(inner).rejects.toMatchObject({ code: "QUERY_FAILED" });
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    expect(await names()).toEqual(["tea", "salt"]);
  });
});
