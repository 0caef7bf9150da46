// A Worker under stress: two databases with first hooks, and all kinds of events, each in both.

import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type Database, type Session } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Context } from "./shop.ts";

interface Env {
  readonly DATABASE_URL: string;
  readonly SECOND_URL: string;
  readonly SELF: {
    scheduled(options: { cron: string }): Promise<{ outcome: string }>;
    queue(name: string, messages: readonly object[]): Promise<{ outcome: string }>;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let dbs: readonly [Database, Database] | undefined;

function databases({ DATABASE_URL, SECOND_URL }: Env): readonly [Database, Database] {
  const make = (url: string): Database =>
    createDatabase(url, {
      adapters: [libsql()],
      runtime: workers(),
      pool: { max: 5, acquireTimeoutMs: 25_000 },
      afterFirstConnection: async (connection) => {
        await connection.query("CREATE TABLE IF NOT EXISTS hook (done INTEGER)");
        await pause(20);
        await connection.query("INSERT INTO hook VALUES (1)");
      },
    });
  return (dbs ??= [make(DATABASE_URL), make(SECOND_URL)]);
}

// Writers take turns: every other request only reads. All of them ask the databases in the same order.
async function add([one, two]: readonly Session[], id: number): Promise<void> {
  const isWriter = id % 2 === 1;
  const sql = isWriter
    ? "INSERT INTO goods (id, name) VALUES (?, ?)"
    : "SELECT count(*) FROM goods WHERE id = ? OR name = ?";
  await one!.query(sql, [id, `goods ${id}`]);
  await pause(id % 4);
  await two!.query(sql, [id, `goods ${id}`]);
}

function idOf(request: Request): number {
  return Number(new URL(request.url).searchParams.get("id"));
}

const handlers = withSession(databases, {
  async fetch(request: Request, _env: Env, _ctx: Context, sessions: readonly Session[]): Promise<Response> {
    await add(sessions, idOf(request));
    return new Response("done");
  },
  async scheduled({ cron }: { cron: string }, _env: Env, _ctx: Context, sessions: readonly Session[]) {
    await add(sessions, Number(cron));
  },
  async queue(
    batch: { messages: readonly { body: number }[] },
    _env: Env,
    _ctx: Context,
    sessions: readonly Session[],
  ) {
    for (const { body } of batch.messages) await add(sessions, body);
  },
});

const streamed = withSession(
  databases,
  async (request: Request, _env: Env, _ctx: Context, sessions) => {
    await add(sessions, idOf(request));
    const count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30) SELECT n FROM c";
    const rows = sessions[0]!.stream<{ n: number }>(count, { batchSize: 5 })[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await rows.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value.n} `));
      },
      async cancel() {
        await rows.return?.();
      },
    });
    return new Response(body);
  },
  { keepUntilStreamEnds: true },
);

const message = (body: number): object => ({ id: String(body), timestamp: new Date(), attempts: 1, body });
const NONE = { busy: 0, waiting: 0, opening: 0, open: 0 };

const worker = {
  ...handlers,
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const id = idOf(request);
    switch (new URL(request.url).pathname) {
      case "/scheduled":
        return new Response((await env.SELF.scheduled({ cron: String(id) })).outcome);
      case "/queue":
        return new Response((await env.SELF.queue("orders", [message(id)])).outcome);
      case "/rows":
        return streamed(request, env, ctx);
      case "/stats": {
        const [one, two] = (dbs ?? []).map((db) => db.stats());
        const sum = (name: keyof typeof NONE): number => (one?.[name] ?? 0) + (two?.[name] ?? 0);
        return Response.json(
          Object.fromEntries(Object.keys(NONE).map((name) => [name, sum(name as keyof typeof NONE)])),
        );
      }
      case "/dispose":
        await Promise.all((dbs ?? []).map((db) => db.dispose()));
        return new Response();
      default:
        return handlers.fetch(request, env, ctx);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
