// A Hono application as a Worker: its middleware gives each request a session.

import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { session } from "../../../src/integrations/hono/index.ts";
import { requestContext, workers } from "../../../src/integrations/workers/index.ts";

interface Bindings {
  readonly DATABASE_URL: string;
}

let db: Database | undefined;
const events: string[] = [];
let isHeld = true;

function application({ DATABASE_URL }: Bindings): Hono<{ Bindings: Bindings }> {
  db ??= createDatabase(DATABASE_URL, { adapters: [libsql()], context: requestContext(), runtime: workers() });
  const found = db;
  const shop = new Hono()
    .use(session(found))
    .post("/goods/:id", async (c) => {
      await c.var.session.sql`INSERT INTO goods (id, name) VALUES (${Number(c.req.param("id"))}, ${c.req.path})`;
      const status = c.req.query("throws");
      if (status !== undefined) throw new HTTPException(Number(status) as 409, { message: "no" });
      while (c.req.query("hold") !== undefined && isHeld) await new Promise((resolve) => setTimeout(resolve, 5));
      return c.json({ isSame: found.of(c.req.raw) === c.var.session }, 201);
    })
    .post("/orphans", async (c) => {
      await c.var.session.sql`INSERT INTO orphan (parent) VALUES (99)`;
      return c.text("not yet");
    })
    .get("/names", async (c) => c.json((await c.var.session.sql`SELECT id FROM goods ORDER BY id`.values()).flat()));
  return new Hono<{ Bindings: Bindings }>()
    .get("/stats", (c) => c.json(found.stats()))
    .get("/events", (c) => c.json(events.splice(0)))
    .get("/let-go", (c) => c.json((isHeld = false)))
    .get("/dispose", async (c) => c.json((await found.dispose()) ?? null))
    .route("/", shop)
    .onError((error, c) => {
      events.push(error.message);
      return error instanceof HTTPException ? error.getResponse() : c.text("failed", 500);
    });
}

let app: ReturnType<typeof application> | undefined;

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default {
  fetch: (request: Request, env: Bindings, context: never): Response | Promise<Response> =>
    (app ??= application(env)).fetch(request, env, context),
};
