// With room for two at the server, ten sessions wait for each other.

import { expect, test } from "vitest";
import { insert, openShop } from "./shop.ts";

test.each(["ws", "auto"] as const)(
  "sessions for which the server has no room wait for it, within their time: %s",
  async (transport) => {
    const { db, server, names } = await openShop({ neon: { transport } });
    const limit = (count: number): string => `ALTER DATABASE ${server.database.name} CONNECTION LIMIT ${count}`;
    await server.query(limit(2));
    const work = (number: number): Promise<unknown> =>
      db.session(async (session) => {
        const { text, params } = insert(number);
        await session.query(text, params);
      });
    await Promise.all(Array.from({ length: 10 }, (_, number) => work(number)));
    // And no longer than that: while all of it is taken, they are told.
    const [holder, other] = [db.open(), db.open()];
    await Promise.all([holder.query("SELECT 1"), other.query("SELECT 1")]);
    const refused = db.session((session) => session.query("SELECT 1"), { timeoutMs: 700 });
    await expect(refused).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    await Promise.all([holder.close(), other.close()]);
    await db.session((session) => session.query(limit(100)), { transaction: false });
    expect((await names()).length).toBe(10);
  },
);
