import type { Database, Session } from "../../index.ts";
import { runEvent, WITH_SESSION_OPTIONS, type WithSessionOptions } from "./event.ts";
import { checkNames } from "../../option-names.ts";
import { watchErrors } from "./thrown.ts";
import { type EventArguments, toInvocation } from "./invocation.ts";

/** One database, or several: their sessions begin together, and commit in this order. */
export type Databases = Database | readonly Database[];

/** A Database's session, or the sessions of a list, in its order. */
export type SessionsOf<D extends Databases> = D extends readonly Database[] ? Session[] : Session;

/** A fetch, scheduled or queue handler; `session` is the same as `db.of(event)`. */
export type SessionHandler<Event, Env, Context, Result, D extends Databases> = (
  event: Event,
  env: Env,
  context: Context,
  session: SessionsOf<D>,
) => Result | Promise<Result>;

export type WrappedHandler<Event, Env, Context, Result> = (
  event: Event,
  env: Env,
  context: Context,
) => Promise<Awaited<Result>>;

/** The handlers of an object that get a session; its other members stay as they are. */
const NAMES = ["fetch", "scheduled", "queue", "email"] as const;

/** An object of handlers, as the platform calls them. */
export type WrappedHandlers<Handlers> = {
  readonly [Name in keyof Handlers]: Name extends (typeof NAMES)[number] ? Wrapped<Handlers[Name]> : Handlers[Name];
};

type Wrapped<Handler> = Handler extends (...args: infer Args) => infer Result
  ? (...args: WithoutSession<Args>) => Promise<Awaited<Result>>
  : Handler;

type WithoutSession<Args extends unknown[]> = Args extends [infer Event, infer Env, infer Context, ...unknown[]]
  ? [Event, Env, Context]
  : Args;

/**
 * Gives each event of a Worker a session of its own: committed before the response leaves, rolled back when the handler
 * throws, returns a status of 500 or more, or when the client disconnects. `context.waitUntil()` keeps the request alive
 * until the session has ended, so that it ends on every path.
 *
 * @param databases - a Database, several (they commit in this order), or a function of `env` that returns them, called once.
 * @param handler - a function for one kind of event, or the whole object: `{ fetch, scheduled, queue }`, a Hono app.
 * @throws TypeError for an invalid database or handler; the wrapped handler throws the error of the handler or of the commit.
 * @example
 * export default { fetch: withSession(db, async (request, env, ctx, session) => Response.json(await session.sql`select 1`)) };
 */
export function withSession<Event, Env, Context, Result, D extends Databases = Database>(
  databases: D | ((env: Env) => D),
  handler: SessionHandler<Event, Env, Context, Result, D>,
  options?: WithSessionOptions,
): WrappedHandler<Event, Env, Context, Result>;
export function withSession<Handlers extends object, D extends Databases = Database>(
  databases: D | ((env: never) => D),
  handlers: Handlers,
  options?: WithSessionOptions,
): WrappedHandlers<Handlers>;
export function withSession(
  databases: Databases | ((env: never) => Databases),
  handler: object,
  options: WithSessionOptions = {},
): unknown {
  checkNames(options, WITH_SESSION_OPTIONS, "withSession()");
  const { rollbackOn } = options;
  if (rollbackOn !== undefined && typeof rollbackOn !== "function")
    throw new TypeError(`Expected \`rollbackOn\` to be a function, got \`${String(rollbackOn)}\``);
  const find = finder(databases);
  const wrap =
    (call: (...args: unknown[]) => unknown) =>
    async (...args: EventArguments): Promise<unknown> => {
      const invocation = toInvocation(args);
      return runEvent(find(invocation.env), invocation, call, options);
    };
  if (typeof handler === "function") return wrap(handler as (...args: unknown[]) => unknown);
  const handlers = Object(handler) as Record<string, unknown>;
  const known = NAMES.filter((name) => typeof handlers[name] === "function");
  if (known.length === 0)
    throw new TypeError(`Expected a handler, or an object with one of ${NAMES.join(", ")}, got \`${typeof handler}\``);
  watchErrors(handlers);
  const wrapped = known.map((name) => [
    name,
    wrap((...args) => (handlers[name] as (...args: unknown[]) => unknown).apply(handlers, args)),
  ]);
  return rebuilt(handlers, Object.fromEntries(wrapped));
}

/** The same object with other handlers. Members of its class are kept too, and keep working on the object itself. */
function rebuilt(handlers: Record<string, unknown>, wrapped: Record<string, unknown>): Record<string, unknown> {
  const all: Record<string, unknown> = { ...handlers, ...wrapped };
  for (
    let proto = Object.getPrototypeOf(handlers);
    proto && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const name of Reflect.ownKeys(proto) as string[]) {
      if (name === "constructor" || name in all) continue;
      const get = (): unknown => {
        const value = handlers[name];
        return typeof value === "function" ? (value.bind(handlers) as unknown) : value;
      };
      const set = (value: unknown): void => {
        handlers[name] = value;
      };
      Object.defineProperty(all, name, { get, set, configurable: true });
    }
  }
  return all;
}

/** Finds the databases of an event. A function is called once for each `env`, of which an isolate has one. */
function finder(databases: Databases | ((env: never) => Databases)): (env: unknown) => Databases {
  if (typeof databases !== "function") {
    const checked = check(databases);
    return () => checked;
  }
  const made = new WeakMap<object, Databases>();
  return (env) => {
    const key = Object(env ?? globalThis) as object;
    const found = made.get(key) ?? check(databases(env as never));
    made.set(key, found);
    return found;
  };
}

function check(databases: Databases): Databases {
  const list = [databases].flat() as Partial<Database>[];
  if (list.length === 0 || list.some((db) => typeof db?.session !== "function"))
    throw new TypeError("Expected a database from createDatabase(), a list of them, or a function that returns them");
  // A pool for one context would pass connections between requests, and lose them when clients disconnect.
  if ("WebSocketPair" in globalThis && list.some(({ runtime }) => !runtime?.createPool))
    throw new TypeError("Expected a database for Workers: `createDatabase(url, { runtime: workers() })`");
  return databases;
}
