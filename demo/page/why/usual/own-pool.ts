import { type Client, connect, isNetworkError } from "../client.ts";
import type { Checkout, ShopServer } from "../play.ts";

// A pool at module level, by hand: who wants a client takes one, and puts it back.
export function createOrders(server: ShopServer, chosen: { max: number }): Checkout {
  const max = chosen.max;
  const idle: Client[] = [];
  let open = 0;

  async function acquire(): Promise<Client> {
    while (idle.length === 0 && open >= max) await new Promise((resolve) => setTimeout(resolve, 10));
    const client = idle.pop();
    if (client) return client;
    open++;
    try {
      return await connect(server);
    } catch (error) {
      open--;
      throw error;
    }
  }

  return async function order(asked, charge): Promise<number> {
    const { customer, cents } = asked;
    const client = await acquire();
    let isBroken = false;
    try {
      await client.query("BEGIN");
      await client.query("update account set cents = cents - ? where id = ?", [cents, customer]);
      const [row] = await client.query("insert into orders (customer, cents) values (?, ?) returning id", [
        customer,
        cents,
      ]);
      await charge();
      await client.query("update account set cents = cents + ? where id = 0", [cents]);
      await client.query("COMMIT");
      return Number(row?.[0]);
    } catch (error) {
      isBroken = isNetworkError(error);
      if (!isBroken) throw error;
    } finally {
      if (isBroken) open--;
      else idle.push(client); // Back into the pool, as it is.
    }
    return order(asked, charge); // It did not get through: once more.
  };
}
