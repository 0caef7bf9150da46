import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Database, type Session, shared } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import type { Answer } from "../../kit/fake-adapter.ts";
import { deferred, fakeDatabase } from "../../kit/fake-database.ts";

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
  expect(() => withSession(wrong([]), handler)).toThrow("Expected a database from createDatabase()");
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
  await expect(handle(request(), {}, {})).rejects.toThrow("Expected a database from createDatabase()");
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

test.each<[string, { tells: boolean; isPages?: boolean; abortOnDisconnect?: boolean }, "commit" | "rollback"]>([
  ["ends the session of a fetch handler, where the platform tells", { tells: true }, "rollback"],
  ["ends the session of a Pages function, where the platform tells", { tells: true, isPages: true }, "rollback"],
  ["is not listened to where the platform never tells", { tells: false }, "commit"],
  ["ends nothing with abortOnDisconnect: false", { tells: true, abortOnDisconnect: false }, "commit"],
])("a client that leaves %s", async (_, { tells, isPages, abortOnDisconnect }, settle) => {
  vi.stubGlobal("Cloudflare", { compatibilityFlags: { enable_request_signal: tells } });
  onTestFinished(() => void vi.unstubAllGlobals());
  const { db, adapter } = fakeDatabase({}, { runtime: workers() });
  const client = new AbortController();
  const event = new Request("http://localhost/", { signal: client.signal });
  const work = async (_event: object, _env: unknown, _context: object, session: Session): Promise<string> => {
    await session.query("insert");
    client.abort(new Error("the client has left"));
    await new Promise((resolve) => setTimeout(resolve, 0));
    return "done";
  };
  const handle = withSession(db, work, { abortOnDisconnect }) as (...args: object[]) => Promise<string>;
  const answer = isPages ? handle({ request: event, env: {} }) : handle(event, {}, {});
  const told = await answer.catch(String);
  expect(told).toBe(settle === "commit" ? "done" : "Error: the client has left");
  expect(adapter.flights).toEqual(["1: begin | insert", `1: ${settle}`]);
});

test.each([
  ["a request", {}, 0],
  ["a Durable Object, which outlives it,", { storage: {} }, 1],
])("the sockets of %s: closed with it, and the request is kept alive for that (%o)", async (_, more, left) => {
  const gate = deferred();
  const closing = { capabilities: { affinity: "request" as const }, onClose: () => gate.promise };
  const { db, adapter } = fakeDatabase(closing, { runtime: workers() });
  const kept: Promise<unknown>[] = [];
  const context = { ...more, waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
  const handle = withSession(db, async (_request: Request, _env: unknown, _context: object, session) => {
    await session.query("select 1");
    return new Response("done");
  });
  await handle(request(), {}, context);
  let isOver = false;
  const over = Promise.all(kept).then(() => (isOver = true));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect([adapter.openConnections, isOver]).toEqual([left, left === 1]);
  gate.resolve();
  await over;
});

test("the request is kept alive for the close of a connection that it has lost", async () => {
  const gate = deferred();
  const script = (text: string): Answer | undefined => (text === "die" ? { lost: "unknown" } : undefined);
  const { db } = fakeDatabase({ script, onClose: () => gate.promise }, { runtime: workers() });
  const kept: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
  const handle = withSession(db, async (_request: Request, _env: unknown, _context: object, session) => {
    await session.query("die");
  });
  await expect(handle(request(), {}, context)).rejects.toThrow("CONNECTION_LOST");
  let isOver = false;
  const over = Promise.all(kept).then(() => (isOver = true));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isOver).toBe(false);
  gate.resolve();
  await over;
});

test("in Workers, a database with a pool for one context is a TypeError", () => {
  vi.stubGlobal("WebSocketPair", Object);
  onTestFinished(() => void vi.unstubAllGlobals());
  const handler = (): Response => new Response();
  expect(() => withSession(fakeDatabase({}, { runtime: shared() }).db, handler)).toThrow("{ runtime: workers() }");
  expect(typeof withSession(fakeDatabase({}, { runtime: workers() }).db, handler)).toBe("function");
});

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

test("with AsyncLocalStorage, a statement outside of any event is a session of its own", async () => {
  const { db, adapter } = fakeDatabase({}, { runtime: workers(), context: requestContext(AsyncLocalStorage) });
  await db.sql`select 1`;
  expect(adapter.flights).toEqual(["1: select 1"]);
});
