import type { Database } from "../../../src/index.ts";
import { sleep } from "./sleep.ts";

export async function compete(db: Database, signal: AbortSignal): Promise<string> {
  const order = (customer: number, product: number) =>
    db.session(
      async (session) => {
        const { lastInsertRowid } = await session.query(
          "insert into orders (customer_id, ordered_at, status) select ?, max(ordered_at), 'paid' from orders",
          [customer],
        );
        await sleep(90); // The connection is held while the application thinks.
        await session.query("insert into order_lines values (?, 1, ?, 1, 990)", [lastInsertRowid ?? null, product]);
        await sleep(60);
        await session.query("update products set stock = max(stock - 1, 0) where id = ?", [product]);
      },
      { signal },
    );

  // All six begin now, and there is one connection.
  await Promise.all([1, 2, 3, 4, 5, 6].map((number) => order(number, 10 + number)));
  return "Six orders, one after another, each complete.";
}
