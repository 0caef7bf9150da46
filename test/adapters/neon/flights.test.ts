// Round trips, counted at the server: what a user waits for.

import { expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { insert, openShop } from "./shop.ts";

const oneByOne = async (session: Session): Promise<void> => {
  for (const number of [1, 2, 3]) await session.query(`SELECT ${number}`);
};
const committed = async (session: Session): Promise<void> => {
  await session.query("SELECT 1");
  await session.query("SELECT 2");
  await session.commit("SELECT 3");
};
const together = async (session: Session): Promise<void> => {
  await Promise.all([1, 2, 3].map((number) => session.query(`SELECT ${number}`)));
};

test("a lone statement is one, and so is a batch, the first as much as the next", async () => {
  const { db, flights, sent, names } = await openShop();
  for (const number of [1, 2]) {
    await db.autocommit.query("INSERT INTO goods VALUES ($1, $2)", [number, "tea"]);
    expect(await flights()).toBe(1);
    await db.query("SELECT 1");
    expect(await flights()).toBe(1);
    await db.batch([insert(number + 10), insert(number + 20), "SELECT 1"]);
    expect(await sent()).toEqual([
      "http: INSERT INTO goods VALUES ($1, $2); INSERT INTO goods VALUES ($1, $2); SELECT 1",
    ]);
    expect(await flights()).toBe(1);
  }
  expect((await names()).length).toBe(6);
});

test.each([
  { name: "one after another", work: oneByOne, fresh: 5, warm: 4 },
  { name: "the last with its commit", work: committed, fresh: 4, warm: 3 },
  { name: "at once", work: together, fresh: 3, warm: 2 },
])("a session of three statements $name: $fresh with the connect, $warm without", async ({ work, fresh, warm }) => {
  for (const transport of ["auto", "ws"] as const) {
    const { db, flights, sent } = await openShop({ neon: { transport } });
    await db.session(work);
    const [upgrade, first = ""] = await sent();
    expect(upgrade).toBe("upgrade");
    expect(first.startsWith("tunnel: BEGIN; SET LOCAL idle_in_transaction_session_timeout = 60000; SELECT 1")).toBe(
      true,
    );
    expect(await flights()).toBe(fresh);
    for (let again = 0; again < 2; again++) {
      await db.session(work);
      expect(await flights()).toBe(warm);
    }
    expect(db.stats().opened).toBe(1);
  }
});

test("queries that the work returns are one flight, with BEGIN and COMMIT", async () => {
  for (const transport of ["auto", "ws"] as const) {
    const { db, flights, names } = await openShop({ neon: { transport } });
    const add = (id: number) => db.sql`INSERT INTO goods VALUES (${id}, 'tea') RETURNING number`;
    expect(await db.session(() => add(1))).toEqual([{ number: 1 }]);
    expect(await flights()).toBe(transport === "auto" ? 1 : 2);
    expect(await db.session(() => add(2))).toEqual([{ number: 2 }]);
    expect(await flights()).toBe(1);
    expect(await db.session(() => [add(10), add(20)])).toEqual([[{ number: 10 }], [{ number: 20 }]]);
    expect(await flights()).toBe(1);
    expect((await names()).length).toBe(4);
  }
});

test("setup, settings of the URL and what hooks queue add none, and hold in every transport", async () => {
  const looked =
    "SELECT current_setting('app.a') || current_setting('app.b') || current_setting('statement_timeout') AS seen";
  for (const transport of ["auto", "ws", "http"] as const) {
    const { db, flights } = await openShop({
      neon: { transport },
      url: (url) => `${url}&statement_timeout=5000`,
      db: {
        setup: ["SET app.a = 'A'"],
        afterConnection: (connection) => connection.queue("SET app.b = 'B'"),
      },
    });
    await db.query("SELECT 1");
    expect(await flights()).toBe(transport === "ws" ? 2 : 1);
    for (let again = 0; again < 2; again++) {
      expect((await db.query(looked)).rows).toEqual([{ seen: "AB5s" }]);
      expect(await flights()).toBe(1);
    }
    if (transport === "http") continue;
    await db.session(async (session) => {
      expect((await session.query(looked)).rows).toEqual([{ seen: "AB5s" }]);
    });
    // With the connect, where nothing needed a socket before: upgrade, statement, COMMIT.
    expect(await flights()).toBe(transport === "auto" ? 3 : 2);
    // What the setup has set outlives a rollback.
    await db.session((session) => session.query(looked).then(() => session.rollback()));
    expect((await db.session((session) => session.query(looked))).rows).toEqual([{ seen: "AB5s" }]);
  }
});

test("a session told that it is no transaction stays on HTTP, until it begins one", async () => {
  const { db, sent, names } = await openShop();
  await db.session(
    async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.batch([insert(2), insert(3)]);
      expect((await sent()).every((request) => request.startsWith("http"))).toBe(true);
      await session.transaction(async (inner) => {
        await inner.query("INSERT INTO goods VALUES (4, 'salt')");
      });
      await session.query("INSERT INTO goods VALUES (5, 'rice')");
    },
    { transaction: false },
  );
  expect((await sent()).map((request) => request.split(":")[0])).toEqual([
    "http",
    "http",
    "upgrade",
    "tunnel",
    "tunnel",
    "http",
  ]);
  expect((await names()).length).toBe(5);
});

test("statements of one tick that are no transaction share a round trip over WebSocket, and fail each for itself", async () => {
  const { db, flights, names } = await openShop({ neon: { transport: "ws" } });
  await db.query("SELECT 1");
  await flights();
  const settled = await db.session(
    (session) =>
      Promise.allSettled([insert(1), insert(1), insert(2)].map(({ text, params }) => session.query(text, params))),
    { transaction: false },
  );
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await flights()).toBe(1);
  expect(await names()).toEqual(["goods 1", "goods 2"]);
});

test("a setup that fails lets nothing run behind it, in the same round trip", async () => {
  for (const transport of ["auto", "ws", "http"] as const) {
    const { db, names } = await openShop({ neon: { transport }, db: { setup: ["SELECT 1 / 0"] } });
    await expect(db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject({
      code: "QUERY_FAILED",
      // Over HTTP the server does not say which of the two it was.
      ...(transport === "http" || transport === "auto"
        ? { message: expect.stringContaining("or one sent ahead of it"), details: { dialectCode: "22012" } }
        : { details: { dialectCode: "22012", sql: "SELECT 1 / 0" } }),
    });
    if (transport !== "http") {
      const work = db.session((session) => session.commit("INSERT INTO goods VALUES (2, 'salt')"));
      await expect(work).rejects.toMatchObject({ details: { dialectCode: "22012" } });
    }
    expect(await names()).toEqual([]);
  }
});

test("what a hook sets by a statement of its own is there for all who come later, over the WebSocket then", async () => {
  const { db, sent } = await openShop({
    db: { afterConnection: async (connection) => void (await connection.query("SET app.hook = 'H'")) },
  });
  for (let again = 0; again < 2; again++)
    expect((await db.query("SELECT current_setting('app.hook') AS hook")).rows).toEqual([{ hook: "H" }]);
  expect(await db.session((session) => session.sql`SELECT current_setting('app.hook') AS hook`)).toEqual([
    { hook: "H" },
  ]);
  expect((await sent()).some((request) => request.startsWith("http"))).toBe(false);
  expect(db.stats().opened).toBe(1);
});

test("a setting in a session that is no transaction opens the WebSocket, and the next session does not see it", async () => {
  const { db } = await openShop();
  const seen = "SELECT current_setting('app.mine', true) AS mine";
  await db.session(
    async (session) => {
      await session.query("SET app.mine = 'M'");
      expect((await session.query(seen)).rows).toEqual([{ mine: "M" }]);
    },
    { transaction: false },
  );
  // PostgreSQL knows a name that was set once for as long as the backend lives; its value is gone.
  expect((await db.query(seen)).rows[0]!["mine"] ?? "").toBe("");
  expect((await db.session((session) => session.query(seen))).rows[0]!["mine"] ?? "").toBe("");
});

test("a transaction that is known in full is one request", async () => {
  const { db, flights, names } = await openShop();
  await flights();
  await db.session((session) => session.commit(insert(1), insert(2)), { isolationLevel: "serializable" });
  expect(await flights()).toBe(1);
  const torn = db.session((session) => session.commit(insert(3), insert(1)));
  await expect(torn).rejects.toMatchObject({
    message: expect.stringContaining("one of these 2"),
    details: { kind: "unique" },
  });
  expect(await names()).toEqual(["goods 1", "goods 2"]);
});

test("what rides ahead of a transaction leaves its level to be set", async () => {
  for (const transport of ["auto", "ws"] as const) {
    const { db } = await openShop({ neon: { transport }, db: { setup: ["SET app.a = 'A'"] } });
    for (let again = 0; again < 2; again++) {
      await db.session(async (session) => {
        await session.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
        expect((await session.query("SHOW transaction_isolation")).rows).toEqual([
          { transaction_isolation: "serializable" },
        ]);
      });
    }
  }
});

test("what is queued later holds over HTTP and WebSocket alike", async () => {
  const { db } = await openShop();
  const seen = "SELECT current_setting('app.late', true) AS late";
  await db.session(
    async (session) => {
      await session.transaction((inner) => inner.query("SELECT 1"));
      const connection = await session.getConnection();
      connection.queue("SET app.late = 'L'");
      expect((await session.query(seen)).rows).toEqual([{ late: "L" }]);
      expect((await session.transaction((inner) => inner.query(seen))).rows).toEqual([{ late: "L" }]);
      expect((await session.query(seen)).rows).toEqual([{ late: "L" }]);
    },
    { transaction: false },
  );
});
