// What PostgreSQL lets happen at each level, and what it does not: both are tested, so that the table in the docs is true.

import { Client, neon as neonHttp } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { neon } from "../../src/adapters/neon/index.ts";
import { createDatabase } from "../../src/index.ts";
import { optionsFor } from "../adapters/neon/target.ts";
import { type RunningServer, startNeonServer } from "../servers/neon/server.ts";
import { LEVELS, onPostgres } from "./levels.ts";
import { named } from "./scenarios.ts";
import { play, setStage, type Stage } from "./stage.ts";

/** Whoever waits for a lock. */
const WAITING = "SELECT count(DISTINCT pid) AS n FROM pg_locks WHERE NOT granted";

describe.each([15, 18] as const)("on PostgreSQL %i", (version) => {
  let server: RunningServer;
  let stage: Stage;

  beforeAll(async () => {
    server = await startNeonServer({ version });
    const driver = { neon: neonHttp, Client, WebSocket };
    const db = createDatabase(server.url, { adapters: [neon(optionsFor(driver, server))] });
    stage = { db, waiting: async () => Number((await server.query(WAITING))[0]!["n"]) };
    await setStage(stage);
  });

  afterAll(async () => {
    expect(stage.db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await stage.db.dispose();
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  });

  describe.each(LEVELS)("at %s", (level) => {
    test.each(named)("%s: whether %s", async (name, _, scenario) => {
      const seen = await play(stage, scenario, level);
      expect(scenario.happened(seen), JSON.stringify(seen)).toBe(onPostgres[level].includes(name));
    });
  });

  test("sessions that are tried again lose no update, at the levels that refuse a lost one", async () => {
    for (const isolationLevel of ["repeatable read", "serializable"] as const) {
      await stage.db.autocommit.query("UPDATE test SET value = 0 WHERE id = 1");
      const increment = (): Promise<void> =>
        stage.db.session(
          async (session) => {
            const [row] = await session.sql<{ value: number }>`SELECT value FROM test WHERE id = 1`;
            await session.sql`UPDATE test SET value = ${row!.value + 1} WHERE id = 1`;
          },
          { isolationLevel, retry: 50 },
        );
      await Promise.all(Array.from({ length: 5 }, increment));
      const { rows } = await stage.db.autocommit.query("SELECT value FROM test WHERE id = 1");
      expect(rows).toEqual([{ value: 5 }]);
    }
  });
});
