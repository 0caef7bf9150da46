// Whatever way a statement takes, a policy sees the settings of its session: over every transport, in no flight of its own.

import { describe, expect, test } from "vitest";
import type { Database, Session } from "../../../src/index.ts";
import { openShop, type Shop, type ShopOptions } from "../neon/shop.ts";

const SCHEMA = `
  CREATE TABLE orders (tenant text NOT NULL DEFAULT current_setting('app.tenant'), number int);
  INSERT INTO orders VALUES ('acme', 1), ('acme', 2), ('other', 3);
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
  ALTER TABLE orders FORCE ROW LEVEL SECURITY;
  CREATE POLICY own ON orders USING (tenant = current_setting('app.tenant', true))
    WITH CHECK (tenant = current_setting('app.tenant', true));`;
const OWN = "SELECT number FROM orders ORDER BY number";
const NUMBERS = [{ number: 1 }, { number: 2 }];
const settings = { "app.tenant": "acme" };

async function openOrders(transport: "http" | "ws" | "auto", options: ShopOptions = {}): Promise<Shop> {
  const shop = await openShop({ ...options, neon: { transport, ...options.neon } });
  await shop.server.query(SCHEMA);
  return shop;
}

async function streamed(from: Pick<Session, "stream">): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of from.stream(OWN, { batchSize: 1 })) rows.push(row);
  return rows;
}

/** Every way that a database has. */
const LONE: [string, (db: Database) => Promise<unknown>][] = [
  ["a lone statement", (db) => db.sql`SELECT number FROM orders ORDER BY number`.run().then(({ rows }) => rows)],
  ["db.autocommit", (db) => db.autocommit.query(OWN).then(({ rows }) => rows)],
  ["a list", (db) => db.batch(["SELECT 1", OWN]).then(([, result]) => result.rows)],
];
const IN_SESSION: [string, (session: Session, db: Database) => Promise<unknown>][] = [
  ["a statement", (session) => session.query(OWN).then(({ rows }) => rows)],
  ["a list", (session) => session.batch(["SELECT 1", OWN]).then(([, result]) => result.rows)],
  ["a stream", (session) => streamed(session)],
  ["the database, in its session", (_, db) => db.query(OWN).then(({ rows }) => rows)],
  ["a transaction inside", (session) => session.transaction((inner) => inner.query(OWN)).then(({ rows }) => rows)],
  [
    "a savepoint",
    (session) => session.transaction((inner) => inner.query(OWN), { propagation: "nested" }).then(({ rows }) => rows),
  ],
  [
    "a transaction apart",
    (session) =>
      session.transaction((inner) => inner.query(OWN), { propagation: "requires-new" }).then(({ rows }) => rows),
  ],
  [
    "what comes behind a commit",
    (session) =>
      session
        .commit(OWN)
        .then(() => session.query(OWN))
        .then(({ rows }) => rows),
  ],
  [
    "what comes behind a rollback",
    (session) =>
      session
        .query(OWN)
        .then(() => session.rollback())
        .then(() => session.query(OWN))
        .then(({ rows }) => rows),
  ],
];

describe.each(["http", "ws", "auto"] as const)("over %s", (transport) => {
  test.each(LONE)("%s has the database's", async (_, ask) => {
    const { db, flights } = await openOrders(transport, { db: { defaults: { settings }, settings: "required" } });
    expect(await ask(db)).toEqual(NUMBERS);
    await flights();
    expect(await ask(db)).toEqual(NUMBERS);
    expect(await flights()).toBe(1);
  });
});

describe.each(["ws", "auto"] as const)("in a session over %s", (transport) => {
  test.each(IN_SESSION)("%s has its settings, also where it is no transaction, and behind a pooler", async (_, ask) => {
    for (const pooled of [false, true]) {
      const { db } = await openOrders(transport, { neon: { pooled }, db: { settings: "required" } });
      for (const transaction of [true, false]) {
        const found = db.session((session) => ask(session, db), { settings, transaction });
        expect({ transaction, pooled, found: await found }).toEqual({ transaction, pooled, found: NUMBERS });
      }
    }
  });

  test("a session that is tried again has them again, and one of another tenant its own", async () => {
    const { db, server } = await openOrders(transport);
    await server.query("CREATE SEQUENCE tries; GRANT ALL ON SEQUENCE tries TO PUBLIC");
    const lose = `DO $$ BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; END $$`;
    const work = async (session: Session): Promise<unknown> => {
      const { rows } = await session.query(OWN);
      await session.query(lose);
      return rows;
    };
    expect(await db.session(work, { settings, retry: 3 })).toEqual(NUMBERS);
    expect(await db.session(work, { settings: { "app.tenant": "other" } })).toEqual([{ number: 3 }]);
    expect(await db.session(work)).toEqual([]);
  });
});
