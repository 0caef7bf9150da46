import type { Database } from "../../../src/index.ts";
import { countOrders } from "./count-orders.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function fail(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  const before = await countOrders(db.autocommit);
  let inside = 0;
  const buy = db.session(
    async (session) => {
      await session.sql`insert into orders (customer_id, ordered_at, status) select 7, max(ordered_at), 'paid' from orders`;
      await sleep(chosen.thinkMs);
      inside = await countOrders(session);
      await sleep(chosen.thinkMs);
      throw new Error("The card was declined.");
    },
    { signal },
  );

  // The error comes out as it was thrown, and the order is gone.
  const message = await buy.catch((error: Error) => error.message);
  const after = await countOrders(db.autocommit);
  return `“${message}” Orders before: ${before}, inside the session: ${inside}, after: ${after}.`;
}
