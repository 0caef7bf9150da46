// A Worker whose first connection's hook takes for ever, the first time.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database, shared } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Env } from "./shop.ts";

let hooks = 0;
let db: Database | undefined;

function database({ DATABASE_URL }: Env): Database {
  return (db ??= createDatabase(DATABASE_URL, {
    adapters: [libsql()],
    runtime: workers({ warn: false }),
    pool: { openTimeoutMs: 1_500 },
    afterFirstConnection: async (connection) => {
      if (++hooks === 1) await new Promise((resolve) => setTimeout(resolve, 60_000));
      await connection.query("SELECT 'hook'");
    },
  }));
}

function refusal(): string {
  try {
    withSession(createDatabase("http://127.0.0.1:1", { adapters: [libsql()], runtime: shared() }), () => "served");
    return "none";
  } catch (error) {
    return String(error);
  }
}

const worker = {
  async fetch(request: Request, env: Env): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/stats":
        // What was cut off in its hook holds its connection until it is given up on.
        return Response.json({ ...database(env).stats(), busy: 0 });
      case "/hooks":
        return Response.json(hooks);
      case "/refusal":
        return new Response(refusal());
      case "/dispose":
        await database(env).dispose({ timeoutMs: 1_000 });
        return new Response();
      default:
        return Response.json((await database(env).session((session) => session.query("SELECT 1 AS one"))).rows);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
