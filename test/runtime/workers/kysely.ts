// A Worker whose application speaks Kysely, made at module level, where its database's URL is not known yet.

import { AsyncLocalStorage } from "node:async_hooks";
import { env, waitUntil } from "cloudflare:workers";
import { Kysely } from "kysely";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { IsopoolDialect } from "../../../src/integrations/kysely/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";

const db = createDatabase(() => env.DATABASE_URL, {
  adapters: [libsql()],
  context: requestContext(AsyncLocalStorage),
  runtime: workers({ waitUntil }),
});
const kysely = new Kysely<{ goods: { id: number; name: string } }>({ dialect: new IsopoolDialect(db) });

const insert = (on: typeof kysely, id: number) =>
  on
    .insertInto("goods")
    .values({ id, name: `goods ${id}` })
    .execute();

/** Three ways to one transaction, which fails where it is told to. */
async function order(id: number, fails: boolean): Promise<void> {
  await kysely.transaction().execute(async (trx) => {
    await insert(trx, id);
    await insert(kysely, id + 1);
    await db.sql`insert into goods (id, name) values (${id + 2}, ${`goods ${id + 2}`})`;
    if (fails) throw new Error("fails");
  });
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname.endsWith("/names"))
    return Response.json((await kysely.selectFrom("goods").select("id").orderBy("id").execute()).map(({ id }) => id));
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
