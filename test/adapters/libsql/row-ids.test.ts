// Promise: a write tells a row id of its own, or none: never that of a row which an earlier session has inserted on its stream.

import { createClient } from "@libsql/client/http";
import { describe, expect, test as runnable } from "vitest";
import { openShop, SERVERS } from "./shop.ts";

describe.each(SERVERS)("at $name", ({ options }) => {
  const test = runnable.skipIf(!options);

  test.each([{}, { createClient }])("an upsert, which may have updated, tells none", async (libsql) => {
    const { db } = await openShop({ server: options!, libsql });
    const idOf = async (text: string): Promise<unknown> =>
      db.session(async (session) => (await session.query(text)).lastInsertRowid);
    expect(await idOf("INSERT INTO goods VALUES (7, 'on conflict do update')")).toBe(7);
    expect(await idOf("INSERT INTO goods VALUES (41, 'tea')")).toBe(41);
    const upsert = "INSERT INTO goods VALUES (7, 'salt') ON CONFLICT (id) DO UPDATE SET name = excluded.name";
    expect(await idOf(upsert)).toBeUndefined();
    expect(await idOf("INSERT INTO goods VALUES (7, 'x') ON CONFLICT DO NOTHING")).toBeUndefined();
    expect(await idOf("REPLACE INTO goods VALUES (7, 'rice')")).toBe(7);
  });
});
