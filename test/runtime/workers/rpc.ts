// A Worker that asks an entrypoint of its own, over RPC, and gets an error.

import { WorkerEntrypoint } from "cloudflare:workers";
import { createDatabase, DbError, isDbError } from "../../../src/index.ts";
import { withSession, workers } from "../../../src/integrations/workers/index.ts";
import { libsql } from "../../../src/adapters/libsql/index.ts";

interface Context {
  readonly exports: { readonly Shop: { order(): Promise<void> } };
  waitUntil(promise: Promise<unknown>): void;
}

export class Shop extends WorkerEntrypoint {
  order(): void {
    const details = { kind: "unique", dialectCode: "23505", sql: "insert into orders values (?)" } as const;
    throw new DbError("QUERY_FAILED", "taken", details, { retryable: true, outcome: "unknown" });
  }
}

const db = createDatabase("http://127.0.0.1:1", { adapters: [libsql()], runtime: workers() });
const passedOn = withSession(db, async (_request: Request, _env: unknown, { exports }: Context) => {
  await exports.Shop.order();
  return new Response("no error");
});

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default {
  async fetch(request: Request, env: unknown, context: Context): Promise<Response> {
    if (request.url.endsWith("/passed-on")) return passedOn(request, env, context);
    const error: unknown = await context.exports.Shop.order().catch((reason: unknown) => reason);
    if (!isDbError(error, "QUERY_FAILED")) return new Response(`not known: ${String(error)}`);
    const { code, details, retryable, outcome } = error;
    return Response.json({ code, details, retryable, outcome, isOther: isDbError(error, "POOL_CLOSED") });
  },
};
