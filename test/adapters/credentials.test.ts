// Two tenants whose databases differ in nothing but their credentials: neither is served by a connection of the other.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { neon } from "../../src/adapters/neon/index.ts";
import { postgres } from "../../src/adapters/pg/index.ts";
import {
  type AdapterFactory,
  asyncLocal,
  createDatabase,
  type Database,
  pools,
  type UrlSource,
} from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { type RunningServer, startNeonServer } from "../servers/neon/server.ts";
import { driver } from "./neon/driver.ts";
import { optionsFor } from "./neon/target.ts";
import { drivers } from "./pg/drivers.ts";

function open(url: UrlSource, adapter: AdapterFactory): Database {
  const db = createDatabase(url, { adapters: [adapter], context: asyncLocal(AsyncLocalStorage) });
  onTestFinished(() => db.dispose());
  return db;
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}

const reaches: Readonly<Record<string, (server: RunningServer) => readonly [url: string, make: () => AdapterFactory]>> =
  {
    pg: (server) => [server.plainUrl, () => postgres(drivers.pg)],
    "postgres.js": (server) => [server.plainUrl, () => postgres(drivers["postgres.js"])],
    "Neon over WebSocket": (server) => [server.url, () => neon(optionsFor(driver, server, { transport: "ws" }))],
    "Neon over HTTP": (server) => [server.url, () => neon(optionsFor(driver, server, { transport: "http" }))],
  };

test.each(Object.entries(reaches))("by %s, another password is another pool", async (_, reach) => {
  const server = await startNeonServer();
  onTestFinished(() => server.stop());
  const [url, make] = reach(server);
  const adapter = make();
  for (const factory of [() => adapter, make]) {
    const [good, bad] = [open(url, factory()), open(withPassword(url, "guessed-s3cret"), factory())];
    expect((await good.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await expect(bad.query("SELECT 1 AS one")).rejects.toMatchObject({ code: "AUTH_FAILED" });
    const session = bad.session((each) => each.query("SELECT 1"), { transaction: false });
    await expect(session).rejects.toMatchObject({ code: "AUTH_FAILED" });
    // The same by functions, which know no password when the pool is made.
    const [asked, guessed] = [open(() => url, factory()), open(() => withPassword(url, "guessed-s3cret"), factory())];
    await asked.query("SELECT 1");
    await expect(guessed.query("SELECT 1")).rejects.toMatchObject({ code: "AUTH_FAILED" });
    expect([...pools().keys()].join()).not.toContain("s3cret");
  }
});

test("by libSQL, another token is another pool, and what one may do the other may not", async () => {
  const server = await startLibsqlServer({ tokens: { "full-s3cret": "full", "reader-s3cret": "read-only" } });
  onTestFinished(() => server.stop());
  const databases = (token: string): Database[] => [
    open(`${server.url}?authToken=${token}`, libsql()),
    open(server.url, libsql({ authToken: token })),
    open(server.url, libsql({ authToken: async () => token })),
  ];
  const [full, reader, nobody] = [databases("full-s3cret"), databases("reader-s3cret"), databases("guessed-s3cret")];
  await full[0]!.query("CREATE TABLE goods (n INTEGER)");
  for (let round = 0; round < 2; round++)
    for (const at of [0, 1, 2]) {
      await full[at]!.query("INSERT INTO goods VALUES (1)");
      await expect(reader[at]!.query("INSERT INTO goods VALUES (2)")).rejects.toMatchObject({ code: "QUERY_FAILED" });
      await expect(nobody[at]!.query("SELECT n FROM goods")).rejects.toMatchObject({ code: "AUTH_FAILED" });
    }
  expect((await full[0]!.query("SELECT DISTINCT n FROM goods")).rows).toEqual([{ n: 1 }]);
  expect([...pools().keys()].join()).not.toContain("s3cret");
});
