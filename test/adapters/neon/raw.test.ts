// The driver's own client, for what isopool does not wrap.

import { expect, test } from "vitest";
import { openShop } from "./shop.ts";

interface RawClient {
  query(text: string): Promise<{ readonly rows: readonly object[] }>;
}

test.each([{}, { pipelineConnect: false as const }])(
  "queries that are given to the driver get their answers, and the session's get theirs, in any order: %j",
  async (neonConfig) => {
    const { db } = await openShop({ neon: { transport: "ws", neonConfig } });
    await db.session(
      async (session) => {
        await session.query("SELECT 1");
        const client = (await session.getConnection()).raw as RawClient;
        const [first, failure, mine, also] = await Promise.all([
          client.query("SELECT 'first' AS name"),
          client.query("SELECT 1 / 0").catch((error: Error) => error.message),
          session.query("SELECT 'mine' AS name"),
          session.query("SELECT 'also mine' AS name"),
        ]);
        expect([first.rows, failure]).toEqual([[{ name: "first" }], "division by zero"]);
        expect([mine.rows, also.rows]).toEqual([[{ name: "mine" }], [{ name: "also mine" }]]);
        expect((await client.query("SELECT 'last' AS name")).rows).toEqual([{ name: "last" }]);
      },
      { transaction: false },
    );
  },
);
