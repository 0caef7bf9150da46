// A connection's next session begins with a real reset, in its first message: whatever the last one left is gone, by whatever
// means it was left, and it costs no round trip.

import { describe, expect, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { DriverConnection, QueryStep, Step } from "../../../src/contract/adapter.ts";
import type { SqlValue } from "../../../src/contract/statement.ts";
import { BEGIN, COMMIT, ROLLBACK, unwrap } from "../../../src/integrations/adapter-contract/fixture.ts";
import type { RunningServer } from "../../servers/neon/server.ts";
import { driver } from "../neon/driver.ts";
import { openShop, type Shop } from "../neon/shop.ts";
import { optionsFor } from "../neon/target.ts";
import { LEAVE_ALL, LOOK } from "./leftovers.ts";

const query = (text: string, more: Partial<QueryStep> & { params?: SqlValue[] } = {}): QueryStep => {
  const { params, ...rest } = more;
  return { kind: "query", statement: { text, params }, guarded: false, onError: "continue", ...rest };
};

async function openOn(server: RunningServer, url = server.url): Promise<DriverConnection> {
  const options = optionsFor(driver, server, { transport: "ws" });
  return neon(options).create({ url, folder: "" }).open({ url, signal: new AbortController().signal });
}

async function run(connection: DriverConnection, ...steps: Step[]): Promise<SqlValue[][][]> {
  return (await connection.send({ steps })).map((outcome) => unwrap(outcome).rows);
}

const WAYS = [
  "SELECT leave_all('function')",
  "CALL leave_by_call('procedure')",
  "DO $$ BEGIN EXECUTE 'SELECT leave_all($1)' USING 'block'; END $$",
  "INSERT INTO goods VALUES (1, 'trigger')",
  "SELECT * FROM leaving",
];

describe("what a session leaves, by a text that does not show it", () => {
  test.each(WAYS)("is gone for the next one, whatever that does first: %s", async (leave) => {
    const { server } = await openShop();
    await server.query(LEAVE_ALL);
    const firsts: ((connection: DriverConnection) => Promise<SqlValue[][]>)[] = [
      async (connection) => (await run(connection, query(LOOK)))[0]!,
      async (connection) => (await run(connection, BEGIN, query(LOOK, { guarded: true }), COMMIT))[1]!,
      async (connection) => {
        const batch = await connection.stream!({ text: LOOK }, { batchSize: 9 }).next();
        return batch.value!.rows;
      },
    ];
    for (const first of firsts) {
      const connection = await openOn(server);
      await server.query("DELETE FROM goods");
      await run(connection, query(leave));
      expect(Number((await run(connection, query(LOOK)))[0]![0]![0])).toBeGreaterThan(4);
      expect(connection.isReusable).toBe(true);
      connection.renew!();
      expect(await first(connection)).toEqual([[0]]);
      expect(connection.state).toBe("idle");
      await connection.close();
    }
  });
});

test("the reset rides in the first message, once, and nothing of it is a round trip", async () => {
  const { db, sent, flights } = await openShop({ neon: { transport: "ws" } });
  const work = (): Promise<unknown> => db.session((session) => session.query("SELECT 1"));
  await work();
  await flights();
  for (let again = 0; again < 3; again++) {
    await work();
    const [first = "", ...rest] = await sent();
    expect(first).toMatch(/^tunnel: DISCARD ALL; BEGIN; SET LOCAL [^;]+; SELECT 1$/);
    expect(rest).toEqual(["tunnel: COMMIT"]);
    expect(await flights()).toBe(2);
  }
  await db.autocommit.query("SELECT 1");
  expect(await flights()).toBe(1);
  expect(db.stats().opened).toBe(1);
});

const VERSIONS = [15, 18] as const;

test.each(VERSIONS)(
  "what runs in no transaction runs behind a reset too, in one round trip: PostgreSQL %i",
  async (version) => {
    const { db, server, flights } = await openShop({ server: { version }, neon: { transport: "ws" } });
    await server.query("CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$");
    await db.session((session) => session.query("SELECT 1"));
    for (const text of [
      "VACUUM goods",
      "CALL commits()",
      "DO $$ BEGIN COMMIT; END $$",
      "CREATE INDEX CONCURRENTLY ON goods (name)",
    ]) {
      await flights();
      await db.autocommit.query(text);
      expect(await flights()).toBe(1);
    }
    expect(db.stats().opened).toBe(1);
  },
);

test("the bound of the reset's answer is not that of what runs behind it", async () => {
  const { server } = await openShop();
  const slow = "DO $$ BEGIN PERFORM pg_sleep(5.3); INSERT INTO goods SELECT count(*) + 1, 'slow' FROM goods; END $$";
  const work = async (...steps: Step[]): Promise<void> => {
    const connection = await openOn(server);
    await run(connection, query("SELECT 1"));
    connection.renew!();
    await run(connection, ...steps);
    await connection.close();
  };
  await Promise.all([work(query(slow)), work(BEGIN, query("SELECT pg_sleep(5.3)", { guarded: true }), COMMIT)]);
  expect(await server.query("SELECT count(*) FROM goods")).toEqual([{ count: "1" }]);
});

test("several lone statements of one tick share the message, and fail each for itself", async () => {
  const { server } = await openShop();
  const connection = await openOn(server);
  await run(connection, query("SET app.x = '1'"));
  connection.renew!();
  await server.forgetRequests();
  const outcomes = await connection.send({
    steps: [query("SELECT 1"), query("SELECT 1 / 0"), query(LOOK), query("VACUUM goods")],
  });
  expect(outcomes.map(({ status }) => status)).toEqual(["done", "failed", "done", "done"]);
  expect(unwrap(outcomes[2]).rows).toEqual([[0]]);
  await connection.close();
});

test("a lone statement that takes back all settings is in nobody's way", async () => {
  const { server } = await openShop();
  const connection = await openOn(server);
  for (const text of ["RESET ALL", "DISCARD ALL", "DO $$ BEGIN EXECUTE 'RESET ALL'; END $$"]) {
    await run(connection, query("SET app.x = '1'"));
    connection.renew!();
    const outcomes = await connection.send({ steps: [query("SELECT 1"), query(text), query("SELECT 2"), query(LOOK)] });
    expect(outcomes.map((outcome) => unwrap(outcome).rows)).toEqual([[[1]], [], [[2]], [[0]]]);
  }
  await connection.close();
});

test("setup and hooks are there again for every session, in order; what they have written is not written again", async () => {
  const { db, server } = await openShop({
    neon: { transport: "ws" },
    url: (url) => `${url}&statement_timeout=5000`,
    db: {
      setup: ["SET app.a = 'A'", "PREPARE ready AS SELECT 'R' AS r"],
      afterConnection: async (connection) => {
        connection.queue("CREATE TEMP TABLE kept (v text)", "INSERT INTO kept VALUES ('K')");
        await connection.query("SELECT set_config('app.b', $1, false)", ["B"]);
        await connection.query("INSERT INTO goods VALUES (1, 'once')");
      },
    },
  });
  const look = `SELECT current_setting('app.a') || current_setting('app.b') || (SELECT v FROM kept)
    || current_setting('statement_timeout') AS seen`;
  for (let again = 0; again < 4; again++) {
    await db.session(async (session) => {
      expect((await session.query(look)).rows).toEqual([{ seen: "ABK5s" }]);
      expect((await session.query("EXECUTE ready")).rows).toEqual([{ r: "R" }]);
      await session.query("UPDATE kept SET v = 'changed'");
      await session.query("SET app.a = 'changed'");
    });
    // Neither does a rollback take it away.
    await db.session((session) => session.query(look).then(() => session.rollback()));
  }
  expect(db.stats().opened).toBe(1);
  expect(await server.query("SELECT count(*) FROM goods")).toEqual([{ count: "1" }]);
});

test("setup may be what runs in no transaction, among what is repeated", async () => {
  const { db, server } = await openShop({
    neon: { transport: "ws" },
    db: {
      setup: ["SET app.a = 'A'", "VACUUM goods", "SET app.b = 'B'"],
      afterFirstConnection: (connection) => connection.queue("CREATE INDEX CONCURRENTLY named ON goods (name)"),
    },
  });
  const look = "SELECT current_setting('app.a') || current_setting('app.b') AS seen";
  for (let again = 0; again < 3; again++) {
    expect((await db.session((session) => session.query(look))).rows).toEqual([{ seen: "AB" }]);
    expect((await db.session((session) => session.query(look), { settings: { "app.c": "C" } })).rows).toEqual([
      { seen: "AB" },
    ]);
  }
  expect(await server.query("SELECT count(*) FROM pg_indexes WHERE indexname = 'named'")).toEqual([{ count: "1" }]);
  expect(db.stats().opened).toBe(1);
});

test("what a hook has set in a transaction that it rolled back is not made anew", async () => {
  const { server } = await openShop();
  const connection = await openOn(server);
  await run(connection, BEGIN, query("SET app.x = 'gone'", { guarded: true, isSetup: true }), ROLLBACK);
  await run(connection, query("SET app.y = 'kept'", { isSetup: true }));
  connection.renew!();
  const [rows] = await run(
    connection,
    query("SELECT coalesce(current_setting('app.x', true), ''), current_setting('app.y', true)"),
  );
  expect(rows).toEqual([["", "kept"]]);
  await connection.close();
});

describe.each(VERSIONS)("a reset that fails, on PostgreSQL %i", (version) => {
  /** A thousand temporary tables take longer to drop than the millisecond that is left in the session. */
  const spoil = async (shop: Shop): Promise<void> => {
    await shop.server.query(`CREATE FUNCTION spoil() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      FOR n IN 1..700 LOOP EXECUTE format('CREATE TEMP TABLE spoilt_%s (n int)', n); END LOOP;
      PERFORM set_config('statement_timeout', '1', false); RETURN 1; END $$`);
  };

  test.each<[string, Step[]]>([
    ["a transaction", [BEGIN, query("INSERT INTO goods VALUES (1, 'tea')", { guarded: true }), COMMIT]],
    ["a statement of its own", [query("INSERT INTO goods VALUES (1, 'tea')")]],
    ["what runs in no transaction", [query("VACUUM goods")]],
    ["each of several", [query("INSERT INTO goods VALUES (1, 'tea')"), query("INSERT INTO goods VALUES (2, 'salt')")]],
  ])("closes the connection, and %s was not executed", async (_, steps) => {
    const shop = await openShop({ server: { version } });
    await spoil(shop);
    const connection = await openOn(shop.server);
    await run(connection, query("SELECT spoil()"));
    connection.renew!();
    await expect((async () => connection.send({ steps }))()).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "not-executed",
      retryable: true,
    });
    expect(connection.state).toBe("closed");
    expect(await shop.names()).toEqual([]);
    await connection.close();
  });

  test("is not seen by the next session", async () => {
    const shop = await openShop({ server: { version }, neon: { transport: "ws" } });
    await spoil(shop);
    await shop.db.session((session) => session.query("SELECT spoil()"), { transaction: false });
    await shop.db.session((session) => session.query("INSERT INTO goods VALUES (1, 'tea')"));
    expect(await shop.names()).toEqual(["tea"]);
    expect(shop.db.stats().opened).toBe(2);
  });
});

test("what no reset undoes makes a connection good for nobody else", async () => {
  const { server } = await openShop();
  const connection = await openOn(server);
  await run(connection, query("SELECT setseed(0.5)"));
  expect(connection.isReusable).toBe(false);
  await connection.close();
});
