// How many HTTP requests everything costs, counted at the server.

import { describe, expect, test as runnable } from "vitest";
import { add, openShop, SERVERS } from "./shop.ts";

describe.each(SERVERS)("at $name", ({ options, isCloud }) => {
  const test = runnable.skipIf(!options);
  const server = options!;

  test("a query is one request", async () => {
    const { db, sent } = await openShop({ server });
    expect(await db.sql`SELECT ${1} AS one`).toEqual([{ one: 1 }]);
    expect(await sent()).toHaveLength(1);
    await db.query("SELECT 2 AS two");
    expect(await sent()).toHaveLength(1);
  });

  test("a batch is one request, and all or nothing", async () => {
    const { db, sent, names } = await openShop({ server });
    await db.batch([add(1, "tea"), add(2, "salt"), "SELECT 1"]);
    expect(await sent()).toHaveLength(1);
    await expect(db.batch([add(3, "rice"), add(4, "tea"), add(5, "corn")])).rejects.toMatchObject({
      code: "QUERY_FAILED",
      details: { kind: "unique", statementIndex: 1 },
    });
    expect(await sent()).toHaveLength(1);
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("three statements one after another in a session are four requests, and three with commit(last)", async () => {
    const { db, sent } = await openShop({ server });
    await db.session(async (session) => {
      await session.query("SELECT 1");
      await session.batch([add(1, "tea")]);
      await session.query("SELECT 2");
    });
    expect(await sent()).toHaveLength(4);
    await db.session(async (session) => {
      await session.query("SELECT 1");
      await session.batch([add(2, "salt")]);
      await session.commit("SELECT 2");
    });
    expect(await sent()).toHaveLength(3);
  });

  test("queries that the work returns are one request, with BEGIN and COMMIT", async () => {
    const { db, sent, names } = await openShop({ server });
    const insert = (id: number, name: string) => db.sql`INSERT INTO goods VALUES (${id}, ${name}) RETURNING id`;
    expect(await db.session(() => insert(1, "tea"))).toEqual([{ id: 1 }]);
    expect(await sent()).toHaveLength(1);
    expect(await db.transaction(() => [insert(2, "salt"), insert(3, "rice")])).toEqual([[{ id: 2 }], [{ id: 3 }]]);
    expect(await sent()).toHaveLength(1);
    await expect(db.session(() => [insert(4, "corn"), insert(5, "tea")])).rejects.toMatchObject({
      details: { kind: "unique" },
    });
    expect(await sent()).toHaveLength(2);
    expect(await names()).toEqual(["tea", "salt", "rice"]);
  });

  test("three statements at once in a session are two requests", async () => {
    const { db, sent, names } = await openShop({ server });
    const results = await db.session((session) =>
      Promise.all([
        session.query("SELECT 1 AS n"),
        session.query(add(1, "tea").text, [1, "tea"]),
        session.sql`SELECT 3 AS n`,
      ]),
    );
    expect(results[2]).toEqual([{ n: 3 }]);
    expect(await sent()).toHaveLength(2);
    expect(await names()).toEqual(["tea"]);
  });

  test("what a hook sets stays with the connection, and keeps it no less reusable", async () => {
    const { db } = await openShop({
      server,
      database: { afterConnection: (connection) => connection.queue("PRAGMA foreign_keys=OFF") },
    });
    const asking = await openShop({
      server,
      database: { afterConnection: async (connection) => void (await connection.query("PRAGMA foreign_keys=OFF")) },
    });
    for (const each of [db, asking.db]) {
      for (let n = 0; n < 3; n++) await each.query("SELECT 1");
      expect(each.stats()).toMatchObject({ opened: 1, closed: { dirty: 0 } });
    }
  });

  test("a session without a statement sends nothing, and neither does a rollback of nothing", async () => {
    const { db, sent } = await openShop({ server });
    await db.session(() => undefined);
    await expect(db.session(() => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await sent()).toEqual([]);
  });

  test("setup, what hooks put ahead, savepoints and validation add none", async () => {
    const { db, sent } = await openShop({
      server,
      database: {
        setup: ["PRAGMA foreign_keys = ON", "SELECT 'setup'"],
        afterConnection: (connection) => connection.queue("SELECT 'hook'"),
        pool: { validateAfterMs: 0 },
      },
    });
    await db.query("SELECT 1");
    await db.query("SELECT 2");
    expect(await sent()).toHaveLength(2);
    await db.session(async (session) => {
      await session.transaction((inner) => inner.query("SELECT 3"), { propagation: "nested" });
      await session.commit("SELECT 4");
    });
    expect(await sent()).toHaveLength(2);
    expect(db.stats().opened).toBe(1);
  });

  test("a rollback is one request", async () => {
    const { db, sent, names } = await openShop({ server });
    const work = db.session(async (session) => {
      await session.batch([add(1, "tea")]);
      throw new Error("mine");
    });
    await expect(work).rejects.toThrow("mine");
    expect(await sent()).toHaveLength(2);
    expect(await names()).toEqual([]);
  });

  // A real sqld has nothing to add to it but seconds.
  runnable.skipIf(!options || options.program !== undefined).each([
    { coalesce: false, count: 1_000 },
    { coalesce: true, count: 32 },
  ])(
    "a thousand queries open no more streams than the pool is large, in $count requests",
    async ({ coalesce, count }) => {
      const { db, server: running } = await openShop({
        server,
        database: { pool: { max: 5, acquireTimeoutMs: Infinity }, coalesce },
      });
      const queries = Array.from({ length: 1_000 }, (_, n) => db.sql<{ n: number }>`SELECT ${n} AS n`.first());
      const rows = await Promise.all(queries);
      expect(rows.map((row) => row?.n)).toEqual(rows.map((_, n) => n));
      expect(await running.requests()).toHaveLength(count);
      const { mostOpen, streamsOpened } = await running.counts();
      expect(mostOpen).toBeLessThanOrEqual(5);
      // The one more made the table.
      if (!isCloud) expect(streamsOpened).toBeLessThanOrEqual(6);
    },
    240_000,
  );
});

runnable("every request says that nothing may be kept of it", async () => {
  const seen: unknown[] = [];
  const { db, names } = await openShop({
    libsql: {
      fetch: (url, init) => {
        seen.push(init.cache);
        return fetch(url, init);
      },
    },
  });
  await db.query("INSERT INTO goods VALUES (1, 'tea')");
  await db.session(async (session) => {
    await session.batch([add(2, "salt")]);
    for await (const { id } of session.stream("SELECT id FROM goods")) expect([1, 2]).toContain(id);
  });
  expect(seen.length).toBeGreaterThan(2);
  expect(new Set(seen)).toEqual(new Set(["no-store"]));
  expect(await names()).toEqual(["tea", "salt"]);
});
