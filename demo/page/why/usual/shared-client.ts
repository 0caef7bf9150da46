import { type Client, connect, isNetworkError } from "../client.ts";
import type { Checkout, ShopServer } from "../play.ts";

// One client for the whole application, made when it starts.
export function createOrders(server: ShopServer): Checkout {
  let client: Promise<Client> = connect(server);

  return async function order(asked, charge): Promise<number> {
    const { customer, cents } = asked;
    const mine = client;
    const { query } = await mine;
    try {
      await query("BEGIN");
      await query("update account set cents = cents - ? where id = ?", [cents, customer]);
      const [row] = await query("insert into orders (customer, cents) values (?, ?) returning id", [customer, cents]);
      await charge();
      await query("update account set cents = cents + ? where id = 0", [cents]);
      await query("COMMIT");
      return Number(row?.[0]);
    } catch (error) {
      if (isNetworkError(error)) {
        if (client === mine) client = connect(server); // It did not get through: a new client, and once more.
        return order(asked, charge);
      }
      await query("ROLLBACK");
      throw error;
    }
  };
}
