// A Worker on two databases, with all kinds of events and all ways to end.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database, type Session } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context } from "./shop.ts";

interface Env {
  readonly DATABASE_URL: string;
  readonly SECOND_URL: string;
  readonly SELF: {
    scheduled(options: { cron: string }): Promise<{ outcome: string }>;
    queue(
      name: string,
      messages: readonly { id: string; timestamp: Date; attempts: number; body: unknown }[],
    ): Promise<{
      outcome: string;
    }>;
  };
}

let first: Database | undefined;
let second: Database | undefined;
let timesMade = 0;

function databases({ DATABASE_URL, SECOND_URL }: Env): readonly [Database, Database] {
  timesMade++;
  const make = (url: string): Database =>
    createDatabase(() => Promise.resolve(url), { adapters: [libsql()], runtime: workers() });
  return [(first = make(DATABASE_URL)), (second = make(SECOND_URL))];
}

const add = (session: Session, id: number): Promise<unknown> =>
  session.query("INSERT INTO goods (id, name) VALUES (?, ?)", [id, `goods ${id}`]);

const handlers = withSession(databases, {
  async fetch(request: Request, _env: Env, _ctx: Context, [one, two]: readonly Session[]): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const id = Number(searchParams.get("id"));
    await add(one!, id);
    await add(two!, id);
    // A constraint that is looked at only when the transaction is committed.
    const orphan = "INSERT INTO orphan (parent) VALUES (99)";
    if (searchParams.get("fails") === "first") await one!.query(orphan);
    if (searchParams.get("fails") === "second") await two!.query(orphan);
    if (searchParams.has("throw")) throw new Error("thrown by the handler");
    return new Response("done", { status: Number(searchParams.get("status") ?? 200) });
  },
  async scheduled({ cron }: { cron: string }, _env: Env, _ctx: Context, [one]: readonly Session[]) {
    await add(one!, Number(cron));
    if (cron === "13") throw new Error("a bad day");
  },
  async queue(batch: { messages: readonly { body: number }[] }, _env: Env, ctx: Context) {
    // Found by the batch as well as by the context.
    if (first!.of(batch) !== first!.of(ctx)) throw new Error("two sessions");
    for (const { body } of batch.messages) await add(first!.of(batch)!, body);
    if (batch.messages.some(({ body }) => body === 13)) throw new Error("a bad message");
  },
  /** No handler of events: left as it is. */
  describe: () => "left as it is",
});

const message = (body: number) => ({ id: String(body), timestamp: new Date(), attempts: 1, body });

const worker = {
  ...handlers,
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "0";
    switch (pathname) {
      case "/scheduled":
        return Response.json(await env.SELF.scheduled({ cron: id }).catch(String));
      case "/queue":
        return Response.json(await env.SELF.queue("orders", id.split(",").map(Number).map(message)).catch(String));
      case "/describe":
        return Response.json([handlers.describe(), timesMade]);
      case "/stats":
        return Response.json(first?.stats() ?? { busy: 0, waiting: 0, opening: 0 });
      case "/dispose":
        await Promise.all([first?.dispose(), second?.dispose()]);
        return new Response();
      default:
        return handlers.fetch(request, env, ctx);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
