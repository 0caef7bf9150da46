import type { Context, MiddlewareHandler } from "hono";
import type { Session, Settings } from "../../index.ts";
import { type Databases, type SessionsOf, withSession, type WithSessionOptions } from "../workers/index.ts";

export interface SessionMiddlewareOptions extends Omit<WithSessionOptions, "retry" | "rollbackOn" | "settings"> {
  /** Whether the request's work is rolled back, asked when its response is ready. Default: an error was thrown, or its status is 500 or more. */
  readonly rollbackOn?: ((c: Context) => boolean | Promise<boolean>) | undefined;
  /** PostgreSQL settings of the request's session: a tenant, a role. */
  readonly settings?: Settings | ((c: Context) => Settings | undefined) | undefined;
}

/** What the middleware adds to `c.var`: `new Hono<{ Variables: SessionVariables }>()`. */
export interface SessionVariables<S extends Session | Session[] = Session> {
  session: S;
}

/**
 * Hono middleware that gives each request a session: committed before its response leaves, rolled back when a handler throws,
 * also an HTTPException with a status below 500, or when the status is 500 or more. POST, PUT, PATCH and DELETE begin
 * `read write`. Handlers find it as `c.var.session`; with an ambient context, `db.sql` finds it as well.
 *
 * @param databases - a Database, or several: then `c.var.session` is the list of their sessions, which commit in this order.
 * @param options - as those of `withSession()`, with functions of Hono's context.
 * @throws TypeError for an invalid database or option, at once. A commit that fails goes to `app.onError()`.
 * @example
 * const app = new Hono().use(session(db)).post("/visits", async (c) => {
 *   await c.var.session.sql`insert into visit (path) values (${c.req.path})`;
 *   return c.json({ ok: true }, 201);
 * });
 */
export function session<D extends Databases>(
  databases: D,
  options: SessionMiddlewareOptions = {},
): MiddlewareHandler<{ Variables: SessionVariables<SessionsOf<D>> }> {
  const { rollbackOn = isFailure, settings, ...rest } = options;
  if (typeof rollbackOn !== "function")
    throw new TypeError(`Expected \`rollbackOn\` to be a function, got \`${String(rollbackOn)}\``);
  if ("retry" in options)
    throw new TypeError(
      "Expected no `retry`: Hono runs the handlers of a request once; use withSession(db, app, { retry })",
    );
  // Checked here, where the mistake was made, and not by the first request.
  withSession(databases, () => undefined, rest);
  return async (c, next) => {
    const handler = async (_request: Request, _env: unknown, _context: object, sessions: SessionsOf<D>) => {
      // What runs behind an inner one finds its own again; a body that still reads finds the inner one.
      const outer = c.get("session");
      c.set("session", sessions);
      await next();
      if (outer && !rest.keepUntilStreamEnds) c.set("session", outer);
      return c.res;
    };
    const handle = withSession(databases, handler, {
      ...rest,
      rollbackOn: () => rollbackOn(c),
      settings: typeof settings === "function" ? () => settings(c) : settings,
    });
    const response = await handle(c.req.raw, c.env, contextOf(c));
    if (response === c.res) return;
    // Hono would merge the headers of the two.
    c.res = undefined;
    c.res = response;
  };
}

function isFailure({ error, res }: Context): boolean {
  return error !== undefined || res.status >= 500;
}

/** Outside of Workers there is none, and Hono throws. */
function contextOf(c: Context): object {
  try {
    return c.executionCtx;
  } catch {
    return {};
  }
}
