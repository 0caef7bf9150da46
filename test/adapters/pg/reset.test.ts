// A connection's next session begins with a real reset: whatever the last one left is gone, by whatever means it was left.

import { describe, expect, test } from "vitest";
import type { Session } from "../../../src/index.ts";
import { ensurePgbouncer } from "../../setup/ensure-pgbouncer.mjs";
import { LEAVE_ALL, LOOK } from "../postgres/leftovers.ts";
import type { DriverName } from "./drivers.ts";
import { openPgShop } from "./shop.ts";

const CASES = ([15, 18] as const).flatMap((version) =>
  (["pg", "postgres.js"] as const).map((driver) => ({ version, driver })),
);
const WAYS = [
  "SELECT leave_all('function')",
  "CALL leave_by_call('procedure')",
  "DO $$ BEGIN EXECUTE 'SELECT leave_all($1)' USING 'block'; END $$",
  "INSERT INTO goods VALUES (1, 'trigger')",
  "SELECT * FROM leaving",
];

// UNLISTEN in a transaction is seen when it has ended.
const LOOKED = { pg: LOOK, "postgres.js": LOOK.replace("(SELECT count(*) FROM pg_listening_channels())", "0") };

const look = async (session: Pick<Session, "query">, text = LOOK): Promise<number> =>
  (await session.query<{ seen: number }>(text)).rows[0]!.seen;

describe.each(CASES)("on PostgreSQL $version, through $driver", ({ version, driver }) => {
  const server = { version };

  test.each(WAYS)("what a session leaves is gone for the next one: %s", async (leave) => {
    const { db, server: running } = await openPgShop({ server, driver, db: { pool: { max: 1 } } });
    await running.query(LEAVE_ALL);
    const firsts: (() => Promise<number>)[] = [
      () => db.session((session) => look(session)),
      () => db.session((session) => look(session), { transaction: false }),
      async () => {
        for await (const row of db.autocommit.stream<{ seen: number }>(LOOK)) return row.seen;
        return -1;
      },
    ];
    for (const first of firsts) {
      await running.query("DELETE FROM goods");
      await db.session(
        async (session) => {
          await session.query(leave);
          expect(await look(session)).toBeGreaterThan(4);
        },
        { transaction: false },
      );
      expect(await first()).toBe(0);
    }
    expect(db.stats().opened).toBe(1);
  });

  test("setup is there again for every session, in order, and a rollback does not take it away", async () => {
    const { db } = await openPgShop({
      server,
      driver,
      url: (url) => `${url}?statement_timeout=5000`,
      db: { setup: ["SET app.a = 'A'", "PREPARE ready AS SELECT 'R' AS r"] },
    });
    const seen = "SELECT current_setting('app.a') || current_setting('statement_timeout') AS seen";
    for (let again = 0; again < 3; again++) {
      await db.session(async (session) => {
        await session.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
        expect((await session.query(seen)).rows).toEqual([{ seen: "A5s" }]);
        expect((await session.query("EXECUTE ready")).rows).toEqual([{ r: "R" }]);
        await session.query("SET app.a = 'changed'");
        if (again === 1) await session.rollback();
      });
    }
    expect(db.stats().opened).toBe(1);
  });

  test("a setup that fails lets nothing run behind it", async () => {
    const { db, names } = await openPgShop({ server, driver, db: { setup: ["SELECT 1 / 0"] } });
    const failure = { code: "QUERY_FAILED", details: { dialectCode: "22012", sql: "SELECT 1 / 0" } };
    await expect(db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject(failure);
    const work = db.session((session) => session.commit("INSERT INTO goods VALUES (2, 'salt')"));
    await expect(work).rejects.toMatchObject(failure);
    expect(await names()).toEqual([]);
  });

  test("a reset that fails closes the connection; nothing has run behind it, and it runs on another", async () => {
    const { db, server: running, names } = await openPgShop({ server, driver });
    // So many temporary tables take longer to drop than the millisecond that is left in the session.
    await running.query(`CREATE FUNCTION spoil() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      FOR n IN 1..700 LOOP EXECUTE format('CREATE TEMP TABLE spoilt_%s (n int)', n); END LOOP;
      PERFORM set_config('statement_timeout', '1', false); RETURN 1; END $$`);
    const works: ((number: number) => Promise<unknown>)[] = [
      (number) => db.session((session) => session.query(`INSERT INTO goods VALUES (${number}, 'tea')`)),
      (number) => db.autocommit.query(`INSERT INTO goods VALUES (${number}, 'tea')`),
      () => db.autocommit.query("VACUUM goods"),
    ];
    for (const [number, work] of works.entries()) {
      await db.session((session) => session.query("SELECT spoil()"), { transaction: false });
      await work(number);
      expect(db.stats().opened).toBe(number + 2);
    }
    expect(await names()).toEqual(["tea", "tea"]);
  });
});

describe.each(["pg", "postgres.js"] as const)(
  "through a real pgbouncer in transaction mode, by %s",
  (driver: DriverName) => {
    test("no session sees what others have set or left", async ({ skip }) => {
      if ((await ensurePgbouncer()) === undefined) {
        if (process.env["CI"]) throw new Error("Expected a pgbouncer: apt-get install pgbouncer");
        skip("there is no pgbouncer here, and none could be installed");
      }
      const { db, server: running } = await openPgShop({
        driver,
        server: { pooler: 3 },
        url: (url) => `${url}?pgbouncer=true`,
        db: { pool: { max: 8 } },
      });
      await running.query(LEAVE_ALL);
      await running.query("GRANT ALL ON SCHEMA other TO PUBLIC");
      const odd: unknown[] = [];
      const tenant = "SELECT coalesce(current_setting('app.own', true), '') AS own";
      const work = async (who: number): Promise<void> => {
        for (let round = 0; round < 12; round++) {
          const options = { settings: { "app.own": `t${who}` }, transaction: round % 2 === 0 };
          await db.session(async (session) => {
            const read = async (): Promise<string> => (await session.query<{ own: string }>(tenant)).rows[0]!.own;
            const [left, ...own] = await Promise.all([look(session, LOOKED[driver]), read(), read()]);
            if (left !== 0 || own.some((each) => each !== `t${who}`)) odd.push([who, round, left, own]);
            if (round % 3 === 0) await session.query(`SELECT leave_all('${who}')`);
            if (round % 4 === 0) await session.query(`DECLARE of_${who}_${round} CURSOR WITH HOLD FOR SELECT ${who}`);
          }, options);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, who) => work(who)));
      expect(odd).toEqual([]);
    });
  },
);
