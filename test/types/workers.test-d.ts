// A handler wrapped with withSession() is a handler of the platform, and its parameters need no types where it stands as one.

import { expectTypeOf, test } from "vitest";
import type { Database, Session } from "../../src/index.ts";
import { withSession } from "../../src/integrations/workers/index.ts";

declare const shop: Database;
declare const audit: Database;

interface Env {
  readonly SHOP: string;
}

/** As in `@cloudflare/workers-types`. */
interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
}

interface ExportedHandler<E> {
  fetch?: (request: Request, env: E, ctx: ExecutionContext) => Response | Promise<Response>;
  scheduled?: (controller: { readonly cron: string }, env: E, ctx: ExecutionContext) => void | Promise<void>;
}

test("a wrapped function is what an ExportedHandler asks for", () => {
  const worker = {
    fetch: withSession(shop, async (request, env, ctx, session) => {
      expectTypeOf(request).toEqualTypeOf<Request>();
      expectTypeOf(env).toEqualTypeOf<Env>();
      expectTypeOf(ctx).toEqualTypeOf<ExecutionContext>();
      expectTypeOf(session).toEqualTypeOf<Session>();
      return Response.json(await session.sql`select 1`);
    }),
    scheduled: withSession(shop, async (controller) => {
      expectTypeOf(controller.cron).toEqualTypeOf<string>();
    }),
  } satisfies ExportedHandler<Env>;
  expectTypeOf(worker.fetch).parameter(0).toEqualTypeOf<Request>();
});

test("a list of databases gives a list of sessions, and a function of env either", () => {
  withSession([shop, audit], (_request: Request, _env: Env, _ctx: ExecutionContext, sessions) => {
    expectTypeOf(sessions).toEqualTypeOf<Session[]>();
    return new Response();
  });
  withSession(
    (env: Env) => (env.SHOP ? shop : audit),
    (_request: Request, _env: Env, _ctx: ExecutionContext, session) => {
      expectTypeOf(session).toEqualTypeOf<Session>();
      return new Response();
    },
  );
});

test("a wrapped object is an ExportedHandler, and keeps what is no handler", () => {
  const worker = withSession(shop, {
    fetch: (_request: Request, _env: Env, _ctx: ExecutionContext, _session: Session) => new Response(),
    scheduled: async () => undefined,
    port: 8080,
  });
  const { port, ...handlers } = worker;
  handlers satisfies ExportedHandler<Env>;
  expectTypeOf(port).toEqualTypeOf<number>();
  expectTypeOf(worker.fetch).parameters.toEqualTypeOf<[Request, Env, ExecutionContext]>();
  expectTypeOf(worker.fetch).returns.resolves.toEqualTypeOf<Response>();
});

test("what is no database, handler or option is refused", () => {
  // @ts-expect-error -- no database
  withSession("libsql://shop.example", () => new Response());
  // @ts-expect-error -- no handler
  withSession(shop, "fetch");
  // @ts-expect-error -- the platform's own signal is listened to
  withSession(shop, () => new Response(), { signal: AbortSignal.abort() });
});
