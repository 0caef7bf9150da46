// A thousand sessions of twenty tenants, half of which leave all that they can: none sees what is another's. Through a real
// pgbouncer in transaction mode, and through the proxy alone.

import { describe, expect, test } from "vitest";
import type { Session, SessionOptions } from "../../../src/index.ts";
import { seeded } from "../../kit/seeded.ts";
import { ensurePgbouncer } from "../../setup/ensure-pgbouncer.mjs";
import { openShop, type ShopOptions } from "../neon/shop.ts";

const [TENANTS, SESSIONS, AT_ONCE] = [20, 1_000, 12];

const SCHEMA = `
  CREATE TABLE orders (tenant text NOT NULL, number int);
  INSERT INTO orders SELECT 't' || n, m FROM generate_series(1, ${TENANTS}) AS n, generate_series(1, 5) AS m;
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
  ALTER TABLE orders FORCE ROW LEVEL SECURITY;
  CREATE POLICY own ON orders USING (tenant = current_setting('app.tenant', true))
    WITH CHECK (tenant = current_setting('app.tenant', true));
  CREATE FUNCTION leave(who text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('app.tenant', who, false), set_config('search_path', 'public, pg_temp', false);
    PERFORM set_config('statement_timeout', '54321', false), pg_advisory_lock((random() * 1e9)::int);
    EXECUTE 'CREATE TEMP TABLE IF NOT EXISTS left_over AS SELECT * FROM orders';
    EXECUTE format('LISTEN %I', 'news_' || who);
    EXECUTE format('PREPARE %I AS SELECT 1', 'p' || (random() * 1e9)::int);
    RETURN 1;
  END $$;
  CREATE FUNCTION leave_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM leave(NEW.name); RETURN NEW; END $$;
  CREATE TRIGGER leaves BEFORE INSERT ON goods FOR EACH ROW EXECUTE FUNCTION leave_by_trigger();`;

/** What is somebody else's: rows, settings, locks, tables, channels, statements. */
const LOOK = `SELECT (SELECT count(*) FROM orders WHERE tenant IS DISTINCT FROM $1)::int AS rows,
  (current_setting('statement_timeout') <> '0')::int + (coalesce(current_setting('app.tenant', true), '') <> $1)::int AS settings,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())::int AS locks,
  (SELECT count(*) FROM pg_class WHERE relname = 'left_over' AND pg_table_is_visible(oid))::int AS tables,
  (SELECT count(*) FROM pg_listening_channels())::int AS channels,
  (SELECT count(*) FROM pg_prepared_statements)::int AS statements`;
const NOTHING = { rows: 0, settings: 0, locks: 0, tables: 0, channels: 0, statements: 0 };
const OWN = "SELECT count(*)::int AS n FROM orders";

type Leave = (session: Session, who: string, number: number) => Promise<unknown>;
const LEAVING: readonly Leave[] = [
  (session, who) => session.sql`SELECT leave(${who})`.run(),
  (session, who, number) => session.sql`INSERT INTO goods VALUES (${number}, ${who})`.run(),
  (session, who) => session.query(`DO $$ BEGIN PERFORM leave('${who}'); END $$`),
  (session) => session.query("CREATE TEMP TABLE left_over AS SELECT * FROM orders"),
  (session, who) => session.query(`LISTEN news_${who}`),
  (session, _, number) => session.sql`SELECT pg_advisory_lock(${number})`.run(),
  (session, who) => session.query(`SET app.tenant = '${who}'`),
];

async function play(options: ShopOptions): Promise<{ seen: unknown[]; opened: number }> {
  const { db, server } = await openShop({ ...options, db: { pool: { max: 8 } } });
  await server.query(SCHEMA);
  const random = seeded(7);
  const seen: unknown[] = [];
  let number = 0;
  const visit = async (): Promise<void> => {
    const mine = ++number;
    // One in eight says nothing of a tenant, and has none.
    const who = mine % 8 === 0 ? "" : `t${1 + Math.floor(random() * TENANTS)}`;
    const leave = mine % 2 === 0 ? undefined : LEAVING[Math.floor(random() * LEAVING.length)]!;
    const settings: SessionOptions = who ? { settings: { "app.tenant": who } } : {};
    await db.session(async (session) => {
      const [found] = (await session.query(LOOK.replaceAll("$1", `'${who}'`))).rows;
      const [own] = (await session.query(OWN)).rows;
      if (JSON.stringify(found) !== JSON.stringify(NOTHING) || own!["n"] !== (who ? 5 : 0))
        seen.push([mine, who, found, own]);
      await leave?.(session, who || "nobody", mine);
      if (mine % 7 === 0) await session.rollback();
    }, settings);
  };
  const worker = async (): Promise<void> => {
    while (number < SESSIONS) await visit();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { seen, opened: db.stats().opened };
}

describe("nothing of one tenant reaches another", () => {
  test.each(["ws", "auto"] as const)("through the proxy, over %s", async (transport) => {
    const { seen, opened } = await play({ neon: { transport } });
    expect(seen).toEqual([]);
    // And no connection was closed for what was left in it.
    expect(opened).toBeLessThanOrEqual(8);
  });

  test("through pgbouncer in transaction mode", { timeout: 240_000 }, async ({ skip }) => {
    if ((await ensurePgbouncer()) === undefined) {
      if (process.env["CI"]) throw new Error("Expected a pgbouncer: apt-get install pgbouncer");
      skip("there is no pgbouncer here, and none could be installed");
    }
    for (const transport of ["ws", "auto"] as const) {
      const { seen, opened } = await play({ server: { pooler: 3 }, neon: { transport, pooled: true } });
      expect(seen).toEqual([]);
      expect(opened).toBeLessThanOrEqual(8);
    }
  });
});
