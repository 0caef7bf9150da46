import { type Database, isDbError } from "../../../src/index.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function deadlock(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  try {
    await db.session(
      async (session) => {
        await session.sql`update products set stock = 0 where id = 5`;
        await sleep(chosen.thinkMs);
        // It wants a second connection, while this session holds the only one.
        await session.transaction((audit) => audit.sql`select count(*) from products`, { propagation: "requires-new" });
      },
      { signal },
    );
    return "No deadlock: there was a second connection.";
  } catch (error) {
    if (!isDbError(error, "POOL_DEADLOCK")) throw error;
    return error.message;
  }
}
