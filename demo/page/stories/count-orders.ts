// How many orders there are, as seen by one session, or by a new one.

import type { Queryable } from "../../../src/index.ts";

export async function countOrders(queryable: Queryable): Promise<number> {
  const answer = await queryable.sql<{ count: number }>`select count(*) as count from orders`.first();
  return answer?.count ?? 0;
}
