// Handlers as written and fused give and store the same at PostgreSQL, over a socket and over HTTP, and take no more flights.

import { expect, test } from "vitest";
import { isDbError } from "../../src/index.ts";
import { openShop } from "../adapters/neon/shop.ts";
import { openPgShop } from "../adapters/pg/shop.ts";
import { small } from "./small.ts";
import { fused, load, ours } from "./run.ts";

const SHOPS = { pg: () => openPgShop(), "Neon, as it chooses": () => openShop() };

test.each(Object.entries(SHOPS))("%s", async (_name, open) => {
  const { db, server } = await open();
  await db.sql`ALTER TABLE goods RENAME COLUMN number TO id`;
  let done = 0;
  for (const [name, { text }] of Object.entries(small)) {
    const seen: { told: unknown; stored: unknown; flights: number }[] = [];
    for (const [code, given] of [
      [text, undefined],
      [fused(text), ours.abi],
    ] as const) {
      await db.batch(["TRUNCATE goods", "INSERT INTO goods VALUES (1, 'tea'), (2, 'salt')"]);
      const before = (await server.counts()).flights;
      const main = load(code, given, {});
      const told = await main(
        db,
        () => undefined,
        async () => undefined,
      ).catch((error: unknown) => (isDbError(error) ? error.code : String(error)));
      const { flights } = await server.counts();
      seen.push({ told, stored: await db.sql`SELECT * FROM goods ORDER BY id`, flights: flights - before });
    }
    const [plain, other] = seen as [(typeof seen)[number], (typeof seen)[number]];
    expect([name, other.told, other.stored]).toEqual([name, plain.told, plain.stored]);
    done += typeof plain.told === "string" ? 0 : 1;
    expect(other.flights, name).toBeLessThanOrEqual(plain.flights);
  }
  expect(done, "handlers that succeed").toBeGreaterThan(10);
});
