import { env } from "cloudflare:workers";
import { Client } from "@neondatabase/serverless";
import { neonSettings } from "../neon-settings.ts";
import type { Charge } from "./contest.ts";

// One client for the whole Worker, made when it is first needed.
let client: Promise<Client> | undefined;

async function connect(): Promise<Client> {
  const made = new Client(env.DATABASE_URL);
  Object.assign(made.neonConfig, neonSettings(env.DATABASE_URL));
  await made.connect();
  return made;
}

export async function order(customer: number, cents: number, charge: Charge): Promise<void> {
  const { query } = await (client ??= connect()).then((made) => ({ query: made.query.bind(made) }));
  try {
    await query("BEGIN");
    await query("update usual_account set cents = cents - $1 where id = $2", [cents, customer]);
    await query("insert into usual_orders (customer, cents) values ($1, $2)", [customer, cents]);
    await charge();
    await query("update usual_account set cents = cents + $1 where id = 0", [cents]);
    await query("COMMIT");
  } catch (error) {
    await query("ROLLBACK");
    throw error;
  }
}
