// The request wrapper of PyDAL (PYDAL.md, section 6), as withSession() tells it, for one database and several.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test, vi } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { createDatabase, type Session } from "../../../src/index.ts";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { FakeAdapter, queryFailed } from "../../kit/fake-adapter.ts";
import { deferred, fakeDatabase } from "../../kit/fake-database.ts";

const platform = { runtime: workers(), context: requestContext() };
const request = (): Request => new Request("http://localhost/");

function platformContext(): { readonly kept: Promise<unknown>[]; waitUntil(promise: Promise<unknown>): void } {
  const kept: Promise<unknown>[] = [];
  return { kept, waitUntil: (promise) => void kept.push(promise) };
}

test.each([
  ["is answered", "commit", () => new Response("done")],
  ["fails", "rollback", () => Promise.reject(new Error("boom"))],
])("case 56: an event that %s is settled with %s, then released, in that order and once", async (_, settle, answer) => {
  const { db, events } = fakeDatabase({}, platform);
  const handle = withSession(db, async (_request: Request, _env: unknown, _context: object, session) => {
    await session.query("insert");
    return answer();
  });
  await handle(request(), {}, {}).catch((error: unknown) => expect(error).toEqual(new Error("boom")));
  const told = events
    .map(({ type }) => type)
    .filter((type) => !["session", "wait", "open", "send", "flight"].includes(type));
  expect(told).toEqual(["acquire", "begin", settle, "release", "end"]);
});

test("case 57: a commit that fails is the answer's failure, and rolls back the databases behind it", async () => {
  const failed = queryFailed("foreign-key");
  const failing = fakeDatabase(
    { script: (text) => (text === "commit" ? { error: failed, state: "idle" } : undefined) },
    platform,
  );
  const [before, behind] = [fakeDatabase({}, platform), fakeDatabase({}, platform)];
  const handle = withSession(
    [before.db, failing.db, behind.db],
    async (_request: Request, _env: unknown, _context: object, sessions) => {
      for (const session of sessions) await session.query("insert");
      return new Response("done");
    },
  );
  await expect(handle(request(), {}, {})).rejects.toBe(failed);
  // There is no transaction over several databases: the order says which may be ahead.
  expect([before, failing, behind].map(({ adapter }) => adapter.flights.at(-1))).toEqual([
    "1: commit",
    "1: commit",
    "1: rollback",
  ]);
});

test("a commit whose answer was lost is told as such", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) }, platform);
  const handle = withSession(db, async (_request: Request, _env: unknown, _context: object, session) => {
    await session.query("insert");
    return new Response("done");
  });
  const error: unknown = await handle(request(), {}, {}).catch((reason: unknown) => reason);
  expect(isDbError(error, "COMMIT_UNKNOWN")).toBe(true);
});

test("what the handler did not wait for is done before the commit", async () => {
  const { db, adapter } = fakeDatabase({}, platform);
  const handle = withSession(db, (_request: Request, _env: unknown, _context: object, session) => {
    void session.query("insert");
    return new Response("done");
  });
  await handle(request(), {}, {});
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit"]);
});

test("events of every kind are sessions, found by the event and by its context", async () => {
  const { db, adapter } = fakeDatabase({}, platform);
  const handlers = withSession(db, {
    version: 1,
    async scheduled(event: { cron: string }, _env: unknown, context: object) {
      await db.of(event)!.query(event.cron);
      await db.of(context)!.query("and so on");
    },
    async queue(batch: { messages: string[] }, _env: unknown, context: object) {
      for (const message of batch.messages) await db.of(context)!.query(message);
      throw new Error("again, please");
    },
    async email(message: { from: string }, _env: unknown, _context: object) {
      await db.of(message)!.query(message.from);
    },
  });
  await handlers.scheduled({ cron: "* * * * *" }, {}, platformContext());
  await expect(handlers.queue({ messages: ["one", "two"] }, {}, platformContext())).rejects.toThrow("again, please");
  await handlers.email({ from: "ada" }, {}, platformContext());
  expect(adapter.flights).toEqual([
    ...["1: begin | * * * * *", "1: and so on", "1: commit"],
    ...["1: begin | one", "1: two", "1: rollback"],
    ...["1: begin | ada", "1: commit"],
  ]);
  expect(handlers.version).toBe(1);
});

test("the request is kept alive for the handler and the end of its sessions, though its client has left", async () => {
  vi.stubGlobal("Cloudflare", { compatibilityFlags: { enable_request_signal: true } });
  onTestFinished(() => void vi.unstubAllGlobals());
  const [first, second] = [fakeDatabase({}, platform), fakeDatabase({}, platform)];
  const gate = deferred();
  const client = new AbortController();
  const context = platformContext();
  const handle = withSession(
    [first.db, second.db],
    async (_request: Request, _env: unknown, _context: object, sessions) => {
      for (const session of sessions) await session.query("insert");
      client.abort(new Error("the client has left"));
      await gate.promise;
      return new Response("done");
    },
  );
  const left = new Request("http://localhost/", { signal: client.signal });
  await expect(handle(left, {}, context)).rejects.toThrow("the client has left");
  let isOver = false;
  // None of what keeps it alive fails: workerd would tell nobody, and others end the process.
  const over = Promise.all(context.kept).then(() => (isOver = true));
  await expect
    .poll(() => [first, second].map(({ adapter }) => adapter.flights.at(-1)))
    .toEqual(["1: rollback", "1: rollback"]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isOver).toBe(false);
  gate.resolve();
  await over;
});

test("a client that leaves between the commits of two databases does not split them", async () => {
  vi.stubGlobal("Cloudflare", { compatibilityFlags: { enable_request_signal: true } });
  onTestFinished(() => void vi.unstubAllGlobals());
  const client = new AbortController();
  const leave = (text: string): undefined => void (text === "commit" && client.abort(new Error("the client has left")));
  const [first, second] = [fakeDatabase({ script: leave }, platform), fakeDatabase({}, platform)];
  const handle = withSession(
    [first.db, second.db],
    async (_request: Request, _env: unknown, _context: object, sessions) => {
      for (const session of sessions) await session.query("insert");
      return new Response("done");
    },
  );
  const request = new Request("http://localhost/", { signal: client.signal });
  expect(await (await handle(request, {}, platformContext())).text()).toBe("done");
  expect([first, second].map(({ adapter }) => adapter.flights.at(-1))).toEqual(["1: commit", "1: commit"]);
});

test.each([
  ["GET", {}, undefined, undefined],
  ["POST", {}, undefined, "read write"],
  ["DELETE", {}, undefined, "read write"],
  ["PUT", { accessMode: "read only" }, undefined, "read only"],
  ["POST", {}, "read only", "read only"],
  ["POST", { accessMode: "read write" }, "read only", "read write"],
] as const)("a %s request with %o, by default %s, begins %s", async (method, options, byDefault, accessMode) => {
  const { db, adapter } = fakeDatabase({}, { ...platform, defaults: { accessMode: byDefault } });
  const handle = withSession(
    db,
    (_request: Request, _env: unknown, _context: object, session) => session.query("one"),
    options,
  );
  await handle(new Request("http://localhost/", { method }), {}, platformContext());
  expect(adapter.begins).toEqual([accessMode ? { accessMode } : {}]);
});

test("the members of a class stay, and work on the object itself", async () => {
  const { db, adapter } = fakeDatabase({}, platform);
  class App {
    routes = ["/"];
    #tails = 0;
    async fetch(_request: Request, _env: unknown, _context: object, session: Session): Promise<Response> {
      await session.query(this.hello());
      return new Response("done");
    }
    hello(): string {
      return `hello ${this.#tails}`;
    }
    tail(): void {
      this.#tails++;
    }
  }
  const wrapped = withSession(db, new App());
  wrapped.tail();
  await wrapped.fetch(new Request("http://localhost/"), {}, platformContext());
  expect(wrapped.routes).toEqual(["/"]);
  expect(adapter.flights).toEqual(["1: begin | hello 1", "1: commit"]);
});

test("with AsyncLocalStorage, what goes on after the answer is refused, and takes no session of its own", async () => {
  const { db, adapter } = fakeDatabase({}, { ...platform, context: requestContext(AsyncLocalStorage) });
  const gate = deferred();
  let late: Promise<unknown> | undefined;
  const handle = withSession(db, async () => {
    await db.query("insert");
    late = gate.promise.then(() => db.query("too late")).catch((reason: unknown) => reason);
    return new Response("done");
  });
  await handle(request(), {}, {});
  gate.resolve();
  expect(isDbError(await late, "SESSION_CLOSED")).toBe(true);
  expect([db.current(), adapter.flights.length]).toEqual([undefined, 2]);
});

test("the URL is asked for in the event, and whenever a connection is opened", async () => {
  const opened: string[] = [];
  const adapter = new FakeAdapter({ onOpen: (_attempt, _signal, url) => void opened.push(url) });
  let url = (): unknown => {
    throw new Error("no env yet");
  };
  const db = createDatabase(() => url() as string, { ...platform, adapters: [adapter.factory] });
  const visit = async (session: Session): Promise<Response> => {
    await session.query("select 1");
    return new Response("done");
  };
  const handle = withSession(db, async (_request: Request, _env: unknown, _context: object, session) => visit(session));
  const call = (): Promise<Response> => handle(request(), {}, {});
  await expect(call()).rejects.toThrow("no env yet");
  url = () => Promise.reject(new Error("no secret today"));
  await expect(call()).rejects.toThrow("no secret today");
  url = () => undefined;
  await expect(call()).rejects.toThrow(TypeError);
  url = () => "fake:one";
  expect((await call()).status).toBe(200);
  url = () => Promise.resolve("fake:two");
  await db.session(async (session) => {
    await session.query("select 1");
    await call();
  });
  expect(opened).toEqual(["fake:one", "fake:two"]);
  await db.dispose();
  expect(adapter.openConnections).toBe(0);
});
