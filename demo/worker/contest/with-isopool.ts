import { db } from "../database.ts";
import type { Charge } from "./contest.ts";

// Inside `withSession(db, handler)`: each request has a session of its own.
export async function order(customer: number, cents: number, charge: Charge): Promise<void> {
  await Promise.all([
    db.sql`update ours_account set cents = cents - ${cents} where id = ${customer}`,
    db.sql`insert into ours_orders (customer, cents) values (${customer}, ${cents})`,
  ]);
  await charge();
  await db.commit(db.sql`update ours_account set cents = cents + ${cents} where id = 0`);
}
