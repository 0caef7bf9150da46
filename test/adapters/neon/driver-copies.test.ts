// The driver's global state, and its two copies: none of it is ours to change, and none of it changes us.

import { createRequire } from "node:module";
import { Client, neon as query, neonConfig, types } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { neon } from "../../../src/adapters/neon/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { openShop } from "./shop.ts";

const copy = createRequire(import.meta.url)("@neondatabase/serverless") as typeof import("@neondatabase/serverless");

test("two databases with proxies of their own work side by side, and the global settings stay", async () => {
  const before = { ...neonConfig.opts };
  const shops = await Promise.all([openShop(), openShop()]);
  await Promise.all(
    shops.flatMap(({ db }, index) =>
      [1, 2, 3].flatMap((number) => [
        db.autocommit.query("INSERT INTO goods VALUES ($1, $2)", [number, `shop ${index}`]),
        db.session((session) => session.query("INSERT INTO goods VALUES ($1, $2)", [number + 10, `shop ${index}`])),
      ]),
    ),
  );
  for (const [index, { names }] of shops.entries())
    expect(await names()).toEqual(Array.from({ length: 6 }, () => `shop ${index}`));
  const changed = Object.entries(neonConfig.opts).filter(
    ([name, value]) =>
      value !== undefined &&
      before[name as keyof typeof before] !== value &&
      value !== neonConfig.defaults[name as never],
  );
  expect(changed).toEqual([]);
});

test("the driver's own settings are used when none are given", async () => {
  const server = await startNeonServer();
  const before = { ...neonConfig.opts };
  neonConfig.fetchEndpoint = () => server.fetchEndpoint;
  neonConfig.wsProxy = () => server.wsProxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket;
  const db = createDatabase(server.url, { adapters: [neon({ neon: query, Client, neonConfig })] });
  try {
    expect((await db.autocommit.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect((await db.session((session) => session.query("SELECT 2 AS two"))).rows).toEqual([{ two: 2 }]);
  } finally {
    await db.dispose();
    neonConfig.opts = before;
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  }
});

test("the CommonJS copy of the driver, and a mixture of both, lose no rollback", async () => {
  expect(copy.Client).not.toBe(Client);
  for (const options of [
    { neon: copy.neon, Client: copy.Client },
    { neon: query, Client: copy.Client },
  ]) {
    const { db, names } = await openShop({ neon: { ...options, transport: options.neon === query ? "ws" : "auto" } });
    await db.autocommit.query("SELECT 1");
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
      throw new Error("changed my mind");
    });
    await expect(work).rejects.toThrow("changed my mind");
    expect(await names()).toEqual([]);
  }
});

test("parsers that others have set globally change nothing here", async () => {
  const int8 = types.getTypeParser(20) as (text: string) => unknown;
  types.setTypeParser(20, () => "changed");
  try {
    for (const transport of ["http", "ws"] as const) {
      const { db } = await openShop({ neon: { transport } });
      expect((await db.autocommit.query("SELECT 1::int8 AS n")).rows).toEqual([{ n: 1 }]);
    }
  } finally {
    types.setTypeParser(20, int8);
  }
});
