// A Worker whose requests ask lone reads in groups, each read saying whose it is; others come in between.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";

let db: Database | undefined;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function read({ autocommit }: Database, id: number, group: number, hops: number): Promise<unknown> {
  for (let hop = 0; hop < hops; hop++) await Promise.resolve();
  const row = await autocommit.sql`${autocommit.sql.raw(`SELECT 'of ${id}, ${group}' AS of`)}, ${hops} AS hops`.first();
  return row;
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default {
  async fetch(request: Request, { DATABASE_URL }: { readonly DATABASE_URL: string }): Promise<Response> {
    const database = (db ??= createDatabase(DATABASE_URL, {
      adapters: [libsql()],
      runtime: workers(),
      pool: { acquireTimeoutMs: 120_000 },
    }));
    const { pathname, searchParams: params } = new URL(request.url);
    if (pathname === "/stats") return Response.json(database.stats());
    if (pathname === "/dispose") return new Response(String(await database.dispose()));
    const id = Number(params.get("id"));
    let wrong = 0;
    for (let group = 0; group < Number(params.get("groups")); group++) {
      const rows = await Promise.all([0, 0, 1].map((hops) => read(database, id, group, hops)));
      if (JSON.stringify(rows) !== JSON.stringify([0, 0, 1].map((hops) => ({ of: `of ${id}, ${group}`, hops }))))
        wrong++;
      await pause(id % 3);
    }
    return Response.json(wrong);
  },
};
