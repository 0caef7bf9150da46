import type { Database } from "../../../src/index.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function compete(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  const order = (customer: number, product: number) =>
    db.session(
      async (session) => {
        const { lastInsertRowid } = await session.query(
          "insert into orders (customer_id, ordered_at, status) select ?, max(ordered_at), 'paid' from orders",
          [customer],
        );
        await sleep(chosen.thinkMs); // The connection is held while the application thinks.
        await session.query("insert into order_lines values (?, 1, ?, 1, 990)", [lastInsertRowid ?? null, product]);
        await session.query("update products set stock = max(stock - 1, 0) where id = ?", [product]);
      },
      { signal },
    );

  // All begin now, and there is one connection.
  const orders = Array.from({ length: chosen.sessions }, (_, at) => order(at + 1, at + 11));
  await Promise.all(orders);
  return `Orders placed one after another, each complete: ${orders.length}.`;
}
