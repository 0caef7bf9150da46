// workerd takes whatever is thrown and says `retryable` for a connection of its own that was lost: it gives the client no answer
// at all, and does not log what was thrown. Most failures of a database under load say so.

import { describe, expect, test } from "vitest";
import { DbError, isDbError } from "../../../src/errors.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { DATES, startIsolate } from "../../runtime/workers/isolate.ts";
import { queryFailed } from "../../kit/fake-adapter.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

const request = (): Request => new Request("http://localhost/");

/** What a handler that ends with `script`'s commit rejects with. */
async function failure(error: Error, options = {}): Promise<unknown> {
  const script = (text: string): object | undefined => (text === "commit" ? { error, state: "idle" } : undefined);
  const { db } = fakeDatabase({ script }, { runtime: workers(), context: requestContext() });
  const handle = withSession(
    db,
    async (_request: Request, _env: unknown, _context: object, session) => {
      await session.query("insert");
      return new Response("done");
    },
    options,
  );
  return handle(request(), {}, {}).catch((reason: unknown) => reason);
}

test("an error that is retryable leaves an event as one that is not, with all else it tells, and is its cause", async () => {
  const lost = new DbError(
    "QUERY_FAILED",
    "could not serialize access",
    { kind: "serialization", sql: "COMMIT", dialectCode: "40001" },
    { retryable: true, outcome: "executed" },
  );
  const error = await failure(lost);
  expect(isDbError(error, "QUERY_FAILED")).toBe(true);
  const { message, details, outcome } = lost;
  expect(error).toMatchObject({ message, details, outcome, retryable: false });
  expect((error as Error).cause).toBe(lost);
});

test("any other leaves as it is", async () => {
  const refused = queryFailed("foreign-key");
  expect(await failure(refused)).toBe(refused);
  const own = Object.assign(new Error("the platform's own"), { retryable: true });
  expect(await failure(own)).toBe(own);
});

describe.each(DATES)("at compatibility date %s", (date) => {
  test("whoever waited in vain is answered by a 500, and the log says why", async () => {
    const dated = date === undefined ? {} : { compatibilityDate: date };
    const pool = { max: 1, acquireTimeoutMs: 500 };
    const { call, get, stats, until } = await startIsolate("shop.ts", { ...dated, pool, log: /POOL_TIMEOUT: waited/ });
    const held = call("/order?id=1&hold");
    await until(async () => (await stats()).busy === 1);
    expect((await call("/order?id=2").answer)?.status).toBe(500);
    await get("/let-go?id=1");
    expect((await held.answer)?.status).toBe(200);
  });
});
