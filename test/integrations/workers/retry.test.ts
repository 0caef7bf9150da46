import { expect, onTestFinished, test, vi } from "vitest";
import type { DatabaseOptions, Session } from "../../../src/index.ts";
import {
  requestContext,
  withSession,
  type WithSessionOptions,
  workers,
} from "../../../src/integrations/workers/index.ts";
import { queryFailed } from "../../kit/fake-adapter.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

const RETRY = { retries: 3, delayMs: 0 };
const platform = { runtime: workers(), context: requestContext() };

const lost = queryFailed("serialization", "", true);

/** A database whose statement "race" is lost so many times, and "commit" too where it is told so. */
function racing(
  losses: number,
  word = "race",
  options: Partial<DatabaseOptions> = {},
): ReturnType<typeof fakeDatabase> {
  let left = losses;
  return fakeDatabase(
    { script: (text) => (text === word && left-- > 0 ? { error: lost } : undefined) },
    { ...platform, ...options },
  );
}

const post = (body: string): Request => {
  const headers = { "content-length": String(body.length) };
  return new Request("http://localhost/", { method: "POST", body, headers });
};

test("each attempt is bound to the Request that it is called with, and the answer is that of the last", async () => {
  const { db, adapter } = racing(2);
  const events = new Set<Request>();
  const handle = withSession(
    db,
    async (request: Request, _env: unknown, ctx: object, session) => {
      events.add(request);
      expect([db.of(request), db.of(ctx)]).toEqual([session, session]);
      await session.query("race");
      return new Response(await request.text());
    },
    { retry: RETRY },
  );
  expect(await (await handle(post("tea"), {}, {})).text()).toBe("tea");
  expect(events.size).toBe(3);
  expect(adapter.flights.at(-1)).toBe("1: commit");
});

test("of several databases, what one has committed is not done again when another loses its race", async () => {
  const [one, two] = [fakeDatabase({}, platform), racing(1, "commit")];
  let attempts = 0;
  const handle = withSession(
    [one.db, two.db],
    async (_request: Request, _env: unknown, _ctx: object, sessions) => {
      attempts++;
      for (const session of sessions) await session.query("insert");
      return new Response();
    },
    { retry: RETRY },
  );
  await expect(handle(post("tea"), {}, {})).rejects.toMatchObject({ code: "QUERY_FAILED", retryable: false });
  expect([attempts, one.adapter.flights.filter((flight) => /commit/.test(flight))]).toEqual([1, ["1: commit"]]);
});

test("of several databases, all are begun again when one of them loses its race before any has committed", async () => {
  const [one, two] = [fakeDatabase({}, platform), racing(1)];
  const handle = withSession(
    [one.db, two.db],
    async (_request: Request, _env: unknown, _ctx: object, sessions) => {
      await sessions[0]!.query("insert");
      await sessions[1]!.query("race");
      return new Response();
    },
    { retry: RETRY },
  );
  await handle(post("tea"), {}, {});
  expect(one.adapter.flights).toEqual(["1: begin | insert", "1: rollback", "1: begin | insert", "1: commit"]);
});

test.each<[string, WithSessionOptions, (session: Session) => Promise<unknown>]>([
  ["committed by hand", {}, (session) => session.commit("insert")],
  ["done outside of a transaction", { transaction: false }, (session) => session.query("insert")],
])("what an attempt has %s is not done again", async (_, options, work) => {
  const { db } = racing(1);
  let attempts = 0;
  const handle = withSession(
    db,
    async (_request: Request, _env: unknown, _ctx: object, session) => {
      attempts++;
      await work(session);
      await session.query("race");
    },
    { ...options, retry: RETRY },
  );
  await expect(handle(post("tea"), {}, {})).rejects.toMatchObject({ code: "QUERY_FAILED" });
  expect(attempts).toBe(1);
});

test("what was answered is not done again, though its body was not read to the end", async () => {
  const { db } = racing(1);
  let attempts = 0;
  const handle = withSession(
    db,
    async (_request: Request, _env: unknown, _ctx: object, session) => {
      attempts++;
      const body = new ReadableStream({ pull: async () => void (await session.query("race")) });
      return new Response(body);
    },
    { retry: RETRY, keepUntilStreamEnds: true },
  );
  await expect((await handle(post("tea"), {}, {})).text()).rejects.toMatchObject({ code: "QUERY_FAILED" });
  expect(attempts).toBe(1);
});

test("a database's own `retry` holds in its handlers, as long as nobody has read the body", async () => {
  for (const [isRead, expected] of [
    [true, 1],
    [false, 2],
  ]) {
    const { db } = racing(1, "race", { defaults: { retry: RETRY } });
    let attempts = 0;
    const handle = withSession(db, async (request: Request, _env: unknown, _ctx: object, session) => {
      attempts++;
      if (isRead) await request.text();
      await session.query("race");
      return new Response();
    });
    await handle(post("tea"), {}, {}).catch(() => undefined);
    expect(attempts).toBe(expected);
  }
});

test("a queue's batch is done again, and a handler inside of another is not by itself", async () => {
  const { db } = racing(1);
  const attempts: string[] = [];
  const inner = withSession(
    db,
    async (_event: object, _env: unknown, _ctx: object, session) => {
      attempts.push("inner");
      await session.query("race");
    },
    { retry: RETRY },
  );
  const outer = withSession(
    db,
    async (batch: object, env: unknown, ctx: object) => {
      attempts.push("outer");
      await inner(batch, env, ctx);
    },
    { retry: RETRY },
  );
  await outer({ messages: [] }, {}, {});
  expect(attempts).toEqual(["outer", "inner", "outer", "inner"]);
});

test("a client that leaves ends the wait for another attempt", async () => {
  vi.stubGlobal("Cloudflare", { compatibilityFlags: { enable_request_signal: true } });
  onTestFinished(() => void vi.unstubAllGlobals());
  const { db, events } = racing(9);
  const client = new AbortController();
  const handle = withSession(
    db,
    async (_request: Request, _env: unknown, _ctx: object, session) => session.query("race"),
    { retry: { retries: 9, delayMs: 1e9, maxDelayMs: 1e9 } },
  );
  const handling = handle(new Request("http://localhost/", { signal: client.signal }), {}, {});
  await expect.poll(() => events.map(({ type }) => type)).toContain("retry");
  client.abort(new Error("gone"));
  await expect(handling).rejects.toThrow("gone");
});
