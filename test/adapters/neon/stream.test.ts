// Rows in batches, through a portal.

import { expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { insert, openShop } from "./shop.ts";

/** Fails behind the third row. */
const FAILING = "SELECT 10 / (4 - n) AS q FROM generate_series(1, 9) AS n";

const numbers = (count: number): string => `SELECT n FROM generate_series(1, ${count}) AS numbers (n)`;

test("rows come in batches of one round trip each, and no more than are read", async () => {
  const { db, server, flights, sent } = await openShop();
  await db.session(async (session) => {
    await session.query("SELECT 1");
    await flights();
    const seen: unknown[] = [];
    for await (const { n } of session.stream(numbers(1_000_000), { batchSize: 10 })) {
      seen.push(n);
      if (n === 25) break;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect((await server.requests()).map(({ messages }) => messages)).toEqual(
      ["PBDES", "ES", "ES"].map((each) => expect.stringContaining(each.slice(0, -1))),
    );
    expect(await flights()).toBe(3);
    // The portal that was left is closed with the next statement.
    await session.query("SELECT 2");
    expect((await server.requests()).map(({ messages }) => messages[0])).toEqual(["C"]);
    expect(await sent()).toEqual(["tunnel: SELECT 2"]);
  });
});

test("a stream outside of a transaction has one of its own, and leaves nothing", async () => {
  const { db, server, flights } = await openShop();
  const seen: unknown[] = [];
  for await (const { n } of db.autocommit.stream(numbers(5), { batchSize: 2 })) seen.push(n);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  await flights();
  for await (const row of db.autocommit.stream(
    "INSERT INTO goods SELECT n, 'tea' FROM generate_series(1, 5) AS n RETURNING number",
    { batchSize: 2 },
  )) {
    expect(row["number"]).toBe(1);
    break;
  }
  expect((await server.query("SELECT count(*) FROM goods"))[0]).toEqual({ count: "5" });
  expect(db.stats()).toMatchObject({ busy: 0 });
  expect((await server.open()).tunnels.map(({ status }) => status)).toEqual(["I"]);
});

test("many streams of one session are read side by side", async () => {
  const { db } = await openShop();
  await db.session(async (session) => {
    const streams = [1, 2, 3].map(() => session.stream(numbers(7), { batchSize: 3 })[Symbol.asyncIterator]());
    for (let n = 1; n <= 7; n++)
      for (const stream of streams) expect(await stream.next()).toEqual({ done: false, value: { n } });
    for (const stream of streams) expect((await stream.next()).done).toBe(true);
  });
});

test("a failure behind the first batch is told there", async () => {
  const { db } = await openShop();
  for (const transaction of [true, false]) {
    const seen: unknown[] = [];
    const reading = db.session(
      async (session) => {
        for await (const { q } of session.stream("SELECT 10 / (4 - n) AS q FROM generate_series(1, 9) AS n", {
          batchSize: 2,
        }))
          seen.push(q);
      },
      { transaction },
    );
    await expect(reading).rejects.toMatchObject({ code: "QUERY_FAILED", details: { dialectCode: "22012" } });
    expect(seen).toEqual([3, 5]);
  }
  expect((await db.autocommit.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("streams side by side outside of a transaction lose nothing, however long they are", async () => {
  const { db } = await openShop();
  await db.session(
    async (session) => {
      const open = (): AsyncIterator<object> =>
        session.stream(numbers(150_000), { batchSize: 50_000 })[Symbol.asyncIterator]();
      const [one, other] = [open(), open()];
      let last: unknown;
      for (let n = 1; n <= 150_000; n++) last = [(await one.next()).value, (await other.next()).value];
      expect(last).toEqual([{ n: 150_000 }, { n: 150_000 }]);
      expect([(await one.next()).done, (await other.next()).done]).toEqual([true, true]);
    },
    { transaction: false },
  );
});

test("a stream that fails fails its own reader, and nobody who needs the connection in between", async () => {
  const { db } = await openShop({ neon: { transport: "ws" } });
  await db.session(
    async (session) => {
      const failing = (): AsyncIterator<object> => session.stream(FAILING, { batchSize: 2 })[Symbol.asyncIterator]();
      const [one, other] = [failing(), failing()];
      expect(await one.next()).toEqual({ done: false, value: { q: 3 } });
      expect((await session.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      // The next stream waits for the one before it to be read.
      expect(await other.next()).toEqual({ done: false, value: { q: 3 } });
      for (const stream of [one, other]) {
        expect(await stream.next()).toEqual({ done: false, value: { q: 5 } });
        await expect(stream.next()).rejects.toMatchObject({ details: { dialectCode: "22012" } });
      }
      expect((await session.batch([insert(1), "SELECT 2 AS two"]))[1].rows).toEqual([{ two: 2 }]);
    },
    { transaction: false },
  );
});

test("in a transaction it fails the COMMIT that needs it read, and says why", async () => {
  const { db, names } = await openShop();
  const work = db.session(async (session) => {
    await session.query(insert(1).text, insert(1).params);
    await session.stream(FAILING, { batchSize: 2 })[Symbol.asyncIterator]().next();
  });
  await expect(work).rejects.toMatchObject({ code: "QUERY_FAILED", details: { dialectCode: "22012" } });
  expect(await names()).toEqual([]);
});

test("the statement's own error is told, though the end of its transaction is lost", async () => {
  const { db, server } = await openShop({ neon: { transport: "ws" } });
  await db.query("SELECT 1");
  await server.fail({ on: "tunnel", sql: "ROLLBACK", action: "drop-before" });
  const reading = db.autocommit.stream("SELECT 1 / 0")[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject({ code: "QUERY_FAILED", details: { dialectCode: "22012" } });
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test.each(["query", "throw"])("a stream reads on behind a part that was taken back: %s", async (how) => {
  const { db, names } = await openShop();
  await db.session(async (session) => {
    const read: unknown[] = [];
    for await (const { n } of session.stream(numbers(4), { batchSize: 1 })) {
      read.push(n);
      const part = session.transaction(
        async (inner) => {
          const { text, params } = insert(1);
          await inner.query(text, params);
          if (how === "query") await inner.query("SELECT 1 / 0");
          throw new Error("changed my mind");
        },
        { propagation: "nested" },
      );
      await expect(part).rejects.toThrow(how === "query" ? "division by zero" : "changed my mind");
    }
    expect(read).toEqual([1, 2, 3, 4]);
  });
  expect(await names()).toEqual([]);
});

test("a rollback to a savepoint ends the streams that were begun behind it, and no others", async () => {
  const { db, names } = await openShop();
  await db.session(async (session) => {
    const { text, params } = insert(1);
    await session.query(text, params);
    const open = (from: Session): AsyncIterator<object> =>
      from.stream(numbers(9), { batchSize: 1 })[Symbol.asyncIterator]();
    const older = open(session);
    expect(await older.next()).toEqual({ done: false, value: { n: 1 } });
    let younger!: AsyncIterator<object>;
    const nested = session.transaction(
      async (inner) => {
        await inner.query("SELECT 1");
        younger = open(inner);
        expect(await younger.next()).toEqual({ done: false, value: { n: 1 } });
        expect(await older.next()).toEqual({ done: false, value: { n: 2 } });
        throw new Error("changed my mind");
      },
      { propagation: "nested" },
    );
    await expect(nested).rejects.toThrow("changed my mind");
    await session.query("SELECT 2");
    await expect(younger.next()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    expect(await older.next()).toEqual({ done: false, value: { n: 3 } });
    await session.transaction((inner) => open(inner).next(), { propagation: "nested" });
  });
  expect(await names()).toEqual(["goods 1"]);
});
