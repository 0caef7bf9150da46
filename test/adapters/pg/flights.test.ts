// Round trips, counted at the server: what a user waits for.

import { describe, expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { insert } from "../neon/shop.ts";
import { openPgShop } from "./shop.ts";

const work: Record<string, (session: Session) => Promise<unknown>> = {
  "one after another": async (session) => {
    for (const number of [1, 2, 3]) await session.query("SELECT $1::int", [number]);
  },
  "the last with its commit": async (session) => {
    await session.query("SELECT 1");
    await session.query("SELECT $1::int", [2]);
    await session.commit("SELECT 3");
  },
  "at once": (session) => Promise.all([1, 2, 3].map((number) => session.query("SELECT $1::int", [number]))),
};

/** Startup and password; postgres.js opens with a statement. */
const CONNECTS = { pg: 2, "postgres.js": 3 } as const;

const cases = ([15, 18] as const).flatMap((version) => [
  { version, driver: "pg" as const },
  { version, driver: "postgres.js" as const },
]);

/** What is longer than 1,024 bytes postgres.js sends in pieces, which may be held back for one more. */
const toleranceOf = { pg: 0, "postgres.js": 1 } as const;

describe.each(cases)("on PostgreSQL $version, through $driver", ({ version, driver }) => {
  const connect = CONNECTS[driver];
  const server = { version };
  const expectFlights = (found: number, wanted: number): void => {
    expect(found).toBeGreaterThanOrEqual(wanted);
    expect(found).toBeLessThanOrEqual(wanted + toleranceOf[driver]);
  };

  test.each([
    { name: "one after another", flights: 4 },
    { name: "the last with its commit", flights: 3 },
    { name: "at once", flights: 2 },
  ])("a session of three statements $name takes $flights, and a connect takes two more", async ({ name, flights }) => {
    const shop = await openPgShop({ server, driver });
    await shop.db.session(work[name]!);
    expect(await shop.flights()).toBe(connect + flights);
    for (let again = 0; again < 3; again++) {
      await shop.db.session(work[name]!);
      const [first = ""] = await shop.sent();
      if (driver === "pg")
        expect(first).toMatch(
          /^tunnel: DISCARD ALL; BEGIN; SET LOCAL idle_in_transaction_session_timeout = 60000; SELECT/,
        );
      expect(await shop.flights()).toBe(flights);
    }
    expect(shop.db.stats().opened).toBe(1);
  });

  test("queries that the work returns are one flight, with BEGIN and COMMIT", async () => {
    const { db, flights, names } = await openPgShop({ server, driver });
    const add = (id: number) => db.sql`INSERT INTO goods VALUES (${id}, 'tea') RETURNING number`;
    expect(await db.session(() => add(1))).toEqual([{ number: 1 }]);
    expect(await flights()).toBe(connect + 1);
    expect(await db.session(() => [add(2), add(3)])).toEqual([[{ number: 2 }], [{ number: 3 }]]);
    expect(await flights()).toBe(1);
    expect((await names()).length).toBe(3);
  });

  test("a lone statement is one, and so is a batch, behind a reset as much as without", async () => {
    const { db, flights, sent, names } = await openPgShop({ server, driver });
    await db.query("SELECT 1");
    expect(await flights()).toBe(connect + 1);
    for (const number of [1, 2, 3]) {
      await db.autocommit.query("INSERT INTO goods VALUES ($1, $2)", [number, "tea"]);
      if (driver === "pg") expect(await sent()).toEqual(["tunnel: DISCARD ALL; INSERT INTO goods VALUES ($1, $2)"]);
      expect(await flights()).toBe(1);
      await db.batch([insert(number + 10), insert(number + 20), "SELECT 1"]);
      expect(await flights()).toBe(1);
    }
    expect((await names()).length).toBe(9);
    expect(db.stats().opened).toBe(1);
  });

  test("setup, settings of the URL and of the session, and what hooks queue add none", async () => {
    const looked = `SELECT current_setting('app.a') || current_setting('app.b') || current_setting('statement_timeout')
      || coalesce(current_setting('app.tenant', true), '') AS seen`;
    const { db, flights } = await openPgShop({
      server,
      driver,
      url: (url) => `${url}?statement_timeout=5000`,
      db: { setup: ["SET app.a = 'A'"], afterConnection: (connection) => connection.queue("SET app.b = 'B'") },
    });
    await db.query("SELECT 1");
    expectFlights(await flights(), connect + 1);
    for (let again = 0; again < 2; again++) {
      expect((await db.query(looked)).rows).toEqual([{ seen: "AB5s" }]);
      expectFlights(await flights(), 1);
      const settings = { "app.tenant": "acme" };
      expect((await db.session((session) => session.query(looked), { settings })).rows).toEqual([{ seen: "AB5sacme" }]);
      expectFlights(await flights(), 2);
      expect((await db.session((session) => session.query(looked), { settings, transaction: false })).rows).toEqual([
        { seen: "AB5sacme" },
      ]);
      expectFlights(await flights(), 1);
    }
  });

  test("statements of one tick that are no transaction share a round trip, and fail each for itself", async () => {
    const { db, flights, names } = await openPgShop({ server, driver });
    for (let again = 0; again < 2; again++) {
      await flights();
      const tables = await db.session(
        (session) =>
          Promise.allSettled([
            // However slowly postgres.js sends its pieces: all are there before the first has an answer.
            session.query("SELECT pg_sleep(0.5)"),
            ...[insert(3 * again), insert(3 * again), insert(3 * again + 1)].map((each) =>
              session.query(each.text, each.params),
            ),
            session.query("SELECT nothing"),
          ]),
        { transaction: false },
      );
      const [, ...others] = tables.map(({ status }) => status);
      expect(others).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
      expect(await flights()).toBe(again ? 1 : connect + 1);
    }
    expect((await names()).length).toBe(4);
    expect(db.stats().opened).toBe(1);
  });
});

test("as many values as the driver can send reach the server, and one more is refused", async () => {
  for (const [driver, most] of [
    ["pg", 65_535],
    ["postgres.js", 65_533],
  ] as const) {
    const { db, flights } = await openPgShop({ driver });
    const many = (count: number): { text: string; params: number[] } => ({
      text: `SELECT cardinality(ARRAY[${Array.from({ length: count }, (_, n) => `$${n + 1}::int`).join(", ")}]) AS n`,
      params: Array.from({ length: count }, () => 1),
    });
    expect((await db.batch(["SELECT 1", many(most)]))[1].rows).toEqual([{ n: most }]);
    await flights();
    const refusal = { code: "QUERY_FAILED", outcome: "not-executed", details: { kind: "parameter" } };
    await expect(db.batch(["SELECT 1", many(most + 1)])).rejects.toMatchObject(refusal);
    expect(await flights()).toBe(0);
  }
});

test("no warning of the driver's about its line of queries, however many statements travel together", async () => {
  const { db } = await openPgShop();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  await db.session((session) => Promise.all(Array.from({ length: 9 }, (_, n) => session.query(`SELECT ${n}`))), {
    transaction: false,
  });
  await db.session((session) => session.query("SELECT pg_sleep(9)", [], { timeoutMs: 30 })).catch(() => undefined);
  await new Promise((resolve) => void setTimeout(resolve));
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});

test("a flight is one write, and a large one comes in whole", async () => {
  const { db, names, flights } = await openPgShop();
  const name = "x".repeat(300_000);
  await db.session((session) =>
    Promise.all([1, 2, 3].map((number) => session.query(insert(number).text, [number, name]))),
  );
  expect(await flights()).toBe(CONNECTS.pg + 2);
  expect((await names()).map((each) => String(each).length)).toEqual([300_000, 300_000, 300_000]);
});
