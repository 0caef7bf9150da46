// simplePostgresAdapter(): the example of docs/adapters.md, written as a stranger would, on a real PostgreSQL.

import { readFileSync } from "node:fs";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AdapterFactory } from "../../../src/adapters/kit/index.ts";
import { simplePostgresAdapter } from "../../../src/adapters/kit/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { adapterContract, databaseContract, type Target } from "../../../src/integrations/adapter-contract/index.ts";
import { recordFlights } from "../../../src/integrations/testing/index.ts";
import { type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { postgresDialect } from "../../../src/integrations/adapter-contract/index.ts";
import { simplePg } from "./simple-pg.ts";

const factory = simplePg({ Client });

let running: RunningServer;
const target: Target = {
  dialect: {
    ...postgresDialect,
    kill: async ({ raw }) => {
      const isSeen = new Promise<void>((resolve) => (raw as { client: Client }).client.once("end", resolve));
      await running.kill();
      await isSeen;
    },
  },
  make: async () => {
    running = await startNeonServer({ version: 18 });
    return { factory, url: running.plainUrl, leaks: () => running.leaks(), dispose: () => running.stop() };
  },
};

describe("an adapter made with simplePostgresAdapter() keeps the contracts of adapters and databases", () => {
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
});

async function shop(adapter: AdapterFactory = factory): Promise<{ db: Database; server: RunningServer }> {
  const server = await startNeonServer({ version: 18 });
  const db = createDatabase(server.plainUrl, { adapters: [adapter], pool: { max: 1 } });
  onTestFinished(async () => {
    await db.dispose();
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  });
  await server.query("create table item (id int primary key, name text)");
  return { db, server };
}

test("statements leave one by one, and only those that are needed", async () => {
  const { db, server } = await shop();
  await db.session((session) => session.sql`insert into item values (1, 'tea')`);
  const before = (await server.counts()).flights;
  using flights = recordFlights(db);
  await db.session((session) => session.sql`select name from item`);
  expect(flights).toEqual([["begin", "select name from item", "commit"]]);
  // The driver takes one statement at a time: the reset between two sessions, BEGIN, the query, COMMIT.
  expect((await server.counts()).flights - before).toBe(4);
});

test("a password that is wrong is AUTH_FAILED, and no message shows it", async () => {
  const { server } = await shop();
  const url = server.plainUrl.replace(/:[^:@/]+@/, ":wrong-pass@");
  const db = createDatabase(url, { adapters: [factory] });
  onTestFinished(() => db.dispose());
  const error = await db.autocommit.query("select 1").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "AUTH_FAILED", details: { adapter: "simple-pg" } });
  expect(String(error)).not.toContain("wrong-pass");
});

test("what is missing is said when the adapter is made", () => {
  const options = { name: "x", schemes: ["x"], open: () => 1, run: () => ({ fields: [], rows: [] }) };
  expect(() => simplePostgresAdapter(options as never)).toThrow("Expected `close` to be a function, got `undefined`");
  expect(() => simplePostgresAdapter({ ...options, close: () => undefined, schemes: [] })).toThrow(
    "Expected `name` and `schemes`",
  );
});

test("the example in docs/adapters.md is the adapter that is tested here", () => {
  const file = readFileSync(new URL("simple-pg.ts", import.meta.url), "utf8");
  const page = readFileSync(new URL("../../../docs/adapters.md", import.meta.url), "utf8");
  expect(page).toContain(`\`\`\`ts\n${file.replace("../../../src/adapters/kit/index.ts", "isopool/adapter")}\`\`\``);
});
