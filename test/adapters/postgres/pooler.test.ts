// Behind a pooler that lends a backend for one transaction: what was asked for together travels together.

import { describe, expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { ensurePgbouncer } from "../../setup/ensure-pgbouncer.mjs";
import { openShop, type ShopOptions } from "../neon/shop.ts";

const POOLED: ShopOptions = { neon: { transport: "ws", pooled: true } };
const LOOK = "SELECT coalesce(current_setting('app.tenant', true), '') AS seen";
const ALONE = { transaction: false } as const;

/** Rows, or the SQLSTATE. */
function together(session: Session, texts: readonly string[]): Promise<unknown[]> {
  const ask = async (text: string): Promise<unknown> => (await session.query(text)).rows;
  return Promise.all(
    texts.map((text) => ask(text).catch((error: { details: { dialectCode?: string } }) => error.details.dialectCode)),
  );
}

describe.each([15, 18] as const)("lone statements of one tick, on PostgreSQL %i", (version) => {
  const pooled = { ...POOLED, server: { version } };

  test("share one round trip, in a transaction each", async () => {
    const { db, flights, names } = await openShop(pooled);
    await db.session((session) => session.query("SELECT 1"), ALONE);
    await flights();
    const inserts = Array.from(
      { length: 9 },
      (_, n) => `INSERT INTO goods VALUES (${n}, txid_current()::text) RETURNING number`,
    );
    const found = await db.session((session) => together(session, inserts), ALONE);
    expect(await flights()).toBe(1);
    expect(found).toEqual(inserts.map((_, number) => [{ number }]));
    expect(new Set(await names()).size).toBe(9);
  });

  test("fail each for itself", async () => {
    const { db, names } = await openShop(pooled);
    const insert = "INSERT INTO goods VALUES (1, 'tea') RETURNING name";
    const found = await db.session(
      (session) => together(session, [insert, "SELECT 1 / 0", insert, "VACUUM goods", "SELECT nothing", LOOK]),
      ALONE,
    );
    expect(found).toEqual([[{ name: "tea" }], "22012", "23505", [], "42703", [{ seen: "" }]]);
    expect(await names()).toEqual(["tea"]);
    expect(db.stats().opened).toBe(1);
  });

  test("have the settings of their session", async () => {
    const { db, flights } = await openShop(pooled);
    await db.session((session) => session.query("SELECT 1"), ALONE);
    await flights();
    const settings = { "app.tenant": "acme" };
    const found = await db.session((session) => together(session, [LOOK, LOOK]), { ...ALONE, settings });
    expect(found).toEqual([[{ seen: "acme" }], [{ seen: "acme" }]]);
    expect(await flights()).toBe(1);
  });
});

// Sent with a Sync each, pgbouncer 1.18 mixes them with those of others.
test("nothing of one client reaches another through a real pgbouncer", async ({ skip }) => {
  if ((await ensurePgbouncer()) === undefined) {
    if (process.env["CI"]) throw new Error("Expected a pgbouncer: apt-get install pgbouncer");
    skip("there is no pgbouncer here, and none could be installed");
  }
  const { db, server, names } = await openShop({ ...POOLED, server: { pooler: 3 }, db: { pool: { max: 8 } } });
  await server.query("CREATE SEQUENCE counted; GRANT ALL ON SEQUENCE counted TO PUBLIC");
  const insert = "INSERT INTO goods VALUES (nextval('counted'), current_setting('app.tenant'))";
  const odd: unknown[] = [];
  const work = async (who: number): Promise<void> => {
    const mine = [{ seen: `t${who}` }];
    const expected = JSON.stringify([mine, [], mine, "22012", [], mine]);
    for (let round = 0; round < 20; round++) {
      const found = await db.session(
        (session) => together(session, [LOOK, insert, LOOK, "SELECT 1 / 0", insert, LOOK]),
        { ...ALONE, settings: { "app.tenant": `t${who}` } },
      );
      if (JSON.stringify(found) !== expected) odd.push(found);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, who) => work(who)));
  expect(odd).toEqual([]);
  const stored = await names();
  for (let who = 0; who < 8; who++) expect(stored.filter((name) => name === `t${who}`)).toHaveLength(40);
});

test("a name in `parsers` is looked up over the WebSocket too, in a flight that goes anyway", async () => {
  const parsers = { "shop.mood": (text: string) => text.toUpperCase() };
  const { db, server, flights } = await openShop({ neon: { ...POOLED.neon, parsers } });
  await server.query("CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('ok')");
  await flights();
  const { rows } = await db.session((session) => session.query("SELECT 'ok'::shop.mood AS m"));
  expect(rows).toEqual([{ m: "OK" }]);
  // The upgrade, the statement, its COMMIT.
  expect(await flights()).toBe(3);
});
