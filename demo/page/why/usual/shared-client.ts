import { type Client, connect, isNetworkError } from "../client.ts";
import type { Checkout, ShopServer } from "../play.ts";

// One client for the whole application, made when it is first needed.
export function createOrders(server: ShopServer): Checkout {
  let client: Promise<Client> | undefined;

  return async function order(asked, charge): Promise<number> {
    const { customer, cents } = asked;
    const mine = (client ??= connect(server));
    const query: Client["query"] = async (text, params) => (await mine).query(text, params);
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
        await new Promise((resolve) => setTimeout(resolve, 50)); // It did not get through: a moment later,
        if (client === mine) client = undefined; // with a new client,
        return order(asked, charge); // once more.
      }
      await query("ROLLBACK");
      throw error;
    }
  };
}
