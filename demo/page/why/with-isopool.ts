import { createDatabase, type Database } from "../../../src/index.ts";
import { shop } from "./adapter.ts";
import type { Checkout, ShopServer } from "./play.ts";

export function createOrders(server: ShopServer, chosen: { max: number }): { db: Database; order: Checkout } {
  const pool = { max: chosen.max, acquireTimeoutMs: 30_000 };
  const db = createDatabase("shop:orders", { adapters: [shop(server)], pool });

  const order: Checkout = ({ customer, cents, signal }, charge) =>
    db.session(
      async (session) => {
        const [, row] = await Promise.all([
          session.sql`update account set cents = cents - ${cents} where id = ${customer}`,
          session.sql<{
            id: number;
          }>`insert into orders (customer, cents) values (${customer}, ${cents}) returning id`.first(),
        ]);
        await charge();
        await session.commit(session.sql`update account set cents = cents + ${cents} where id = 0`);
        return Number(row?.id);
      },
      { signal, retry: 5 },
    );

  return { db, order };
}
