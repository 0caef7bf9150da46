// A Worker without `withSession()`: its database is made of the module's own `env`, and its runtime keeps requests alive.

import { env, waitUntil } from "cloudflare:workers";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, isDbError } from "../../../src/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";

const events: string[] = [];
const released = new Set<number>();
const db = createDatabase(() => env.DATABASE_URL, {
  adapters: [libsql()],
  runtime: workers({ waitUntil }),
  pool: { max: 1, acquireTimeoutMs: 300 },
});

async function order(id: number): Promise<Response> {
  try {
    await db.session(async (session) => {
      await session.query("INSERT INTO goods (id, name) VALUES (?, ?)", [id, `goods ${id}`]);
      events.push(`began ${id}`);
      while (!released.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    return Response.json("done");
  } catch (error) {
    return Response.json(isDbError(error) ? [error.code, error.details] : String(error));
  }
}

const worker = {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = Number(searchParams.get("id"));
    switch (pathname) {
      case "/let-go":
        released.add(id);
        return new Response();
      case "/events":
        return Response.json(events);
      case "/stats":
        return Response.json(db.stats());
      case "/dispose":
        await db.dispose();
        return new Response();
      default:
        return order(id);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
