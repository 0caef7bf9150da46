import type { Database } from "../../../src/index.ts";
import { countOrders } from "./count-orders.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function nest(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  const before = await countOrders(db.autocommit);
  await db.session(
    async (session) => {
      await session.sql`insert into orders (customer_id, ordered_at, status) select 12, max(ordered_at), 'paid' from orders`;
      await sleep(chosen.thinkMs);

      const gift = session.transaction(
        async (inner) => {
          await inner.sql`insert into orders (customer_id, ordered_at, status) select 13, max(ordered_at), 'paid' from orders`;
          await sleep(chosen.thinkMs);
          throw new Error("gifts are sold out");
        },
        { propagation: "nested" }, // A savepoint: it can fail alone.
      );
      await gift.catch(() => undefined);

      await session.sql`update customers set city = 'Ghent', country = 'Belgium' where id = 12`;
      await sleep(80);
    },
    { signal },
  );
  return `One of two orders was kept: ${before} before, ${await countOrders(db.autocommit)} after.`;
}
