// On libSQL and sql.js every transaction is serializable, whatever level it asks for.

import initSqlJs from "sql.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { createDatabase } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { named } from "./scenarios.ts";
import { play, setStage, type Stage } from "./stage.ts";

type Opened = Stage & { close(): Promise<void> };

const databases: Readonly<Record<string, () => Promise<Opened>>> = {
  libSQL: async () => {
    const server = await startLibsqlServer();
    const db = createDatabase(server.url, { adapters: [libsql()] });
    const close = async (): Promise<void> => {
      await db.dispose();
      expect(await server.open()).toEqual([]);
      await server.stop();
    };
    return { db, waiting: async () => (await server.counts()).waiting, close };
  },
  "sql.js": async () => {
    const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
    // It has one connection: whoever comes second waits in the pool's line.
    return { db, waiting: () => db.stats().waiting, close: () => db.dispose() };
  },
};

describe.each(Object.entries(databases))("on %s", (_, open) => {
  let stage: Opened;

  beforeAll(async () => {
    stage = await open();
    await setStage(stage);
  });

  afterAll(async () => {
    expect(stage.db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await stage.close();
  });

  test.each(named)("%s: never that %s", async (_, _what, scenario) => {
    for (const level of ["read uncommitted", "serializable"] as const) {
      const seen = await play(stage, scenario, level);
      expect(scenario.happened(seen), `at ${level}: ${JSON.stringify(seen)}`).toBe(false);
    }
  });
});
