// A Worker whose application speaks Drizzle, made at module level, where its database's URL is not known yet.

import { AsyncLocalStorage } from "node:async_hooks";
import { env, waitUntil } from "cloudflare:workers";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { drizzle } from "../../../src/integrations/drizzle/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";

const db = createDatabase(() => env.DATABASE_URL, {
  adapters: [libsql()],
  context: requestContext(AsyncLocalStorage),
  runtime: workers({ waitUntil }),
});
const goods = sqliteTable("goods", { id: integer().primaryKey(), name: text().notNull() });
const orm = drizzle(db, { schema: { goods } });

const insert = (on: Pick<typeof orm, "insert">, id: number) => on.insert(goods).values({ id, name: `goods ${id}` });

/** Three ways to one transaction, which fails where it is told to. */
async function order(id: number, fails: boolean): Promise<void> {
  await orm.transaction(async (tx) => {
    await insert(tx, id);
    await insert(orm, id + 1);
    await db.sql`insert into goods (id, name) values (${id + 2}, ${`goods ${id + 2}`})`;
    if (fails) throw new Error("fails");
  });
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname.endsWith("/names"))
    return Response.json((await orm.select({ id: goods.id }).from(goods).orderBy(goods.id)).map(({ id }) => id));
  await order(Number(searchParams.get("id")), pathname.endsWith("/part")).catch(() => undefined);
  return new Response("", { status: pathname.endsWith("/fails") ? 500 : 200 });
}

const inSession = withSession(db, answer);

const worker = {
  async fetch(
    request: Request,
    given: unknown,
    context: { waitUntil(promise: Promise<unknown>): void },
  ): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/stats") return Response.json(db.stats());
    if (pathname === "/dispose") await db.dispose();
    else return pathname.startsWith("/outside") ? answer(request) : inSession(request, given, context);
    return new Response();
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
