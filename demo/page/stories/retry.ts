import { type Database, DbError } from "../../../src/index.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function retry(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  let attempts = 0;
  await db.session(
    async (session) => {
      attempts++;
      await session.sql`update products set price_cents = price_cents + 10 where category_id = 3`;
      await sleep(chosen.thinkMs);
      if (attempts < 3) throw busy(); // On a server, another session would have won.
    },
    { retry: { retries: 4, delayMs: 300 }, signal },
  );
  return `Committed on attempt ${attempts}; the prices rose once.`;
}

const busy = () =>
  new DbError(
    "QUERY_FAILED",
    "database is locked",
    { kind: "busy", sql: "", dialectCode: "SQLITE_BUSY" },
    { retryable: true },
  );
