// Case 59 of PyDAL's request wrapper: nested, or applied twice, it is one unit of work.

import { describe, expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import { type ContextProvider, explicit, type Session } from "../../../src/index.ts";
import {
  requestContext,
  withSession,
  type WithSessionOptions,
  workers,
} from "../../../src/integrations/workers/index.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { type FakeDatabase, fakeDatabase } from "../../kit/fake-database.ts";

type Handler = (request: Request, env: unknown, context: object) => Promise<Response>;

/** With one connection, a session apart could only wait for the one around it. */
function single(context: ContextProvider): FakeDatabase {
  return fakeDatabase({}, { runtime: workers(), context, pool: { max: 1, acquireTimeoutMs: 100 } });
}

/** A handler that does one thing, and then what is inside of it. */
function step(
  { db }: FakeDatabase,
  text: string,
  inside: Handler = async () => new Response("done"),
  options?: WithSessionOptions,
): Handler {
  const work = async (request: Request, env: unknown, context: object, session: Session): Promise<Response> => {
    await session.query(text);
    return inside(request, env, context);
  };
  return withSession(db, work, options);
}

const call = (handler: Handler): Promise<Response> => handler(new Request("http://localhost/"), {}, {});

describe.each([
  ["AsyncLocalStorage", () => requestContext(AsyncLocalStorage)],
  ["no context at all", () => explicit()],
])("with %s, a handler inside of another for the same event", (_, context) => {
  test("is part of its unit of work", async () => {
    const fake = single(context());
    expect(await (await call(step(fake, "outer", step(fake, "inner")))).text()).toBe("done");
    expect(fake.adapter.flights).toEqual(["1: begin | outer", "1: inner", "1: commit"]);
  });

  test("hands the event's session back when it is done", async () => {
    const fake = single(context());
    const inner = step(fake, "inner");
    const outer = withSession(fake.db, async (request: Request, env: unknown, context: object, session) => {
      await inner(request, env, context);
      expect([fake.db.of(request) === session, fake.db.of(context) === session]).toEqual([true, true]);
      await fake.db.of(request)!.query("outer");
      return new Response("done");
    });
    await call(outer);
    expect(fake.adapter.flights).toEqual(["1: begin | inner", "1: outer", "1: commit"]);
  });

  test("takes back the whole when it fails, whether it throws or answers so", async () => {
    const fake = single(context());
    const boom = new Error("boom");
    const throws = step(
      fake,
      "outer",
      step(fake, "inner", () => Promise.reject(boom)),
    );
    await expect(call(throws)).rejects.toBe(boom);
    const sorry = step(
      fake,
      "outer",
      step(fake, "inner", async () => new Response("sorry", { status: 503 })),
    );
    const answer = await call(sorry);
    expect([answer.status, await answer.text()]).toEqual([503, "sorry"]);
    const taken = ["1: begin | outer", "1: inner", "1: rollback"];
    expect(fake.adapter.flights).toEqual([...taken, ...taken]);
  });

  test("that failed is not committed by one that hides it", async () => {
    const fake = single(context());
    const inner = step(fake, "inner", async () => new Response("sorry", { status: 503 }));
    const hides = step(fake, "outer", async (...args) => {
      await inner(...args);
      return new Response("all is well");
    });
    const error: unknown = await call(hides).catch((reason: unknown) => reason);
    expect(isDbError(error, "ROLLBACK_ONLY")).toBe(true);
    expect(fake.adapter.flights.at(-1)).toBe("1: rollback");
  });

  test("begins a transaction where the one around it has none", async () => {
    const fake = single(context());
    await call(step(fake, "outer", step(fake, "inner"), { transaction: false }));
    expect(fake.adapter.flights).toEqual(["1: outer", "1: begin | inner", "1: commit"]);
  });

  test("needs none where the one around it has one", async () => {
    const fake = single(context());
    await call(step(fake, "outer", step(fake, "inner", undefined, { transaction: false })));
    expect(fake.adapter.flights).toEqual(["1: begin | outer", "1: inner", "1: commit"]);
  });
});

test("of several databases, those that have a session for the event already go on in it", async () => {
  const [first, second] = [single(requestContext()), single(requestContext())];
  const both = withSession(
    [first.db, second.db],
    async (_request: Request, _env: unknown, _context: object, sessions) => {
      for (const session of sessions) await session.query("inner");
      return new Response("done");
    },
  );
  await call(step(second, "outer", both));
  expect(first.adapter.flights).toEqual(["1: begin | inner", "1: commit"]);
  expect(second.adapter.flights).toEqual(["1: begin | outer", "1: inner", "1: commit"]);
});

test("another event inside of a handler is a unit of its own", async () => {
  const fake = fakeDatabase({}, { runtime: workers(), context: requestContext() });
  await call(
    step(fake, "outer", (_request, env, context) => step(fake, "inner")(new Request("http://o/"), env, context)),
  );
  expect(fake.adapter.flights).toEqual(["1: begin | outer", "2: begin | inner", "2: commit", "1: commit"]);
});

test("so is an event that comes again when its session has ended", async () => {
  const fake = single(requestContext());
  const handler = step(fake, "insert");
  const request = new Request("http://localhost/");
  for (let count = 0; count < 2; count++) await handler(request, {}, {});
  expect(fake.adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: begin | insert", "1: commit"]);
});

test("a body that is kept outlasts the handler around it: its session is one apart", async () => {
  const fake = fakeDatabase({}, { runtime: workers(), context: requestContext() });
  const inner = step(fake, "inner", async () => new Response("a body"), { keepUntilStreamEnds: true });
  expect(await (await call(step(fake, "outer", inner))).text()).toBe("a body");
  expect(fake.adapter.flights).toEqual(["1: begin | outer", "2: begin | inner", "1: commit", "2: commit"]);
});
