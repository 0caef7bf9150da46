import type { Database } from "../../../src/index.ts";
import { databases } from "../isolate/api.ts";
import { sendTo } from "../isolate/send-to.ts";
import type { Chosen } from "./chosen.ts";
import { sleep } from "./sleep.ts";

export async function everywhere(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string> {
  const here = Array.from({ length: chosen.sessions }, (_, at) =>
    db.session(
      async (session) => {
        await session.sql`update products set stock = stock + 1 where id = ${at + 1}`;
        await sleep(chosen.thinkMs / 3);
      },
      { signal },
    ),
  );
  // At the same moment, as many requests at a Worker: on libSQL, and on PostgreSQL.
  const [libsql, postgres] = await Promise.all([
    sendTo(databases.libsql, chosen.sessions),
    sendTo(databases.neon, chosen.sessions),
    ...here,
  ]);
  return `In this page ${here.length} sessions. In a Worker: on libSQL ${libsql}, on PostgreSQL ${postgres}.`;
}
