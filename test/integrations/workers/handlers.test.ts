import { expect, onTestFinished, test, vi } from "vitest";
import { type Database, type Session, shared } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

interface PagesContext {
  readonly request: Request;
  readonly env: unknown;
}

const wrong = (value: unknown): never => value as never;
const request = (): Request => new Request("http://localhost/");

test("what is no database and no handler is a TypeError, before any event", () => {
  const { db } = fakeDatabase();
  const handler = (): Response => new Response();
  expect(() => withSession(wrong("libsql://shop"), handler)).toThrow(TypeError);
  expect(() => withSession(wrong([]), handler)).toThrow("Expected a database of createDatabase()");
  expect(() => withSession(wrong([db, {}]), handler)).toThrow(TypeError);
  expect(() => withSession(db, wrong(undefined))).toThrow("Expected a handler, or an object with one of fetch");
  expect(() => withSession(db, {})).toThrow("got `object`");
  expect(() => withSession(db, handler, { rollbackOn: wrong(500) })).toThrow("Expected `rollbackOn`");
});

test("a function of env that gives no database is told so in the event", async () => {
  const handle = withSession(
    () => wrong(undefined),
    () => new Response(),
  );
  await expect(handle(request(), {}, {})).rejects.toThrow("Expected a database of createDatabase()");
});

test("a Pages function's one context is event and context at once", async () => {
  const { db, adapter } = fakeDatabase({}, { runtime: workers(), context: requestContext() });
  const kept: Promise<unknown>[] = [];
  const context = { request: request(), env: {}, waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
  const onRequest = withSession(db, async (given: typeof context) => {
    await db.of(given)!.query("select 1");
    return new Response("done");
  }) as (given: typeof context) => Promise<Response>;
  expect(await (await onRequest(context)).text()).toBe("done");
  await Promise.all(kept);
  expect(kept.length).toBeGreaterThan(0);
  expect(adapter.connections).toHaveLength(1);
});

test("a Pages function's request leads to its session, and its env makes the databases once", async () => {
  const { db, adapter } = fakeDatabase({}, { runtime: workers(), context: requestContext() });
  const env = { DATABASE_URL: "fake:db" };
  const made: unknown[] = [];
  const toDatabase = (given: unknown): Database => {
    made.push(given);
    return db;
  };
  const onRequest = withSession(toDatabase, async (given: PagesContext, ownEnv: unknown) => {
    expect(ownEnv).toBe(env);
    await db.of(given.request)!.query("insert");
    return new Response("done");
  }) as (given: PagesContext) => Promise<Response>;
  for (let count = 0; count < 2; count++) await onRequest({ request: request(), env });
  expect(made).toEqual([env]);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: begin | insert", "1: commit"]);
});

test.each(["fetch", "Pages"])(
  "a client that leaves ends the session of a %s handler, where the platform tells",
  async (kind) => {
    vi.stubGlobal("Cloudflare", { compatibilityFlags: { enable_request_signal: true } });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { db, adapter } = fakeDatabase({}, { runtime: workers() });
    const client = new AbortController();
    const event = new Request("http://localhost/", { signal: client.signal });
    const handle = withSession(db, async (_event: object, _env: unknown, _context: object, session) => {
      await session.query("insert");
      client.abort(new Error("the client has left"));
      await new Promise((resolve) => setTimeout(resolve, 0));
      return new Response("done");
    }) as (...args: object[]) => Promise<Response>;
    const answer = kind === "Pages" ? handle({ request: event, env: {} }) : handle(event, {}, {});
    await expect(answer).rejects.toThrow("the client has left");
    expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  },
);

test("without an env, the databases of a function are made once as well", async () => {
  const { db } = fakeDatabase({}, { runtime: workers() });
  let made = 0;
  const handle = withSession(
    () => (made++, db),
    () => new Response("done"),
  ) as (request: Request, env?: unknown) => Promise<Response>;
  for (const env of [undefined, undefined, null]) expect((await handle(request(), env)).status).toBe(200);
  expect(made).toBe(1);
});

test("an object's handlers are called on it, and an application's prototype need not be copied", async () => {
  const { db } = fakeDatabase({}, { runtime: shared() });
  class App {
    readonly name = "app";
    fetch(_request: Request, _env: unknown, _context: unknown, session: Session): Response {
      return new Response(`${this.name} ${session.constructor.name}`);
    }
  }
  const app = withSession(db, new App());
  expect(await (await app.fetch(request(), {}, {})).text()).toBe("app Session");
});

test("of a list of databases none is asked for a connection that is not used", async () => {
  const first = fakeDatabase({}, { runtime: workers() });
  const second = fakeDatabase({}, { runtime: workers() });
  const handle = withSession([first.db, second.db], async (_event: Request, _env: unknown, _context: object, [one]) => {
    await one!.query("select 1");
    return "done";
  });
  expect(await handle(request(), {}, {})).toBe("done");
  expect([first, second].map(({ adapter }) => adapter.connections.length)).toEqual([1, 0]);
});

test("a handler that has ended its session itself answers what it likes", async () => {
  const { db } = fakeDatabase({}, { runtime: workers() });
  const handle = withSession(db, async (_event: Request, _env: unknown, _context: object, session) => {
    await session.query("select 1");
    await session.close("rollback");
    return new Response("sorry", { status: 503 });
  });
  expect((await handle(request(), {}, {})).status).toBe(503);
});

test("without AsyncLocalStorage, a statement on the database itself is refused, and told where the session is", async () => {
  const { db } = fakeDatabase({}, { runtime: workers(), context: requestContext() });
  await expect(db.sql`select 1`).rejects.toThrow("db.of(request)");
});
