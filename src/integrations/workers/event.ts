import { DbError, isDbError } from "../../errors.ts";
import type { Database, Session, SessionOptions, Settings } from "../../index.ts";
import type { WaitUntil } from "../../contract/runtime.ts";
import { markEvent } from "./events.ts";
import { flags } from "./flags.ts";
import { heldBody } from "./held-body.ts";
import type { Invocation } from "./invocation.ts";
import type { Databases } from "./with-session.ts";
import { reasonOf } from "../../signal.ts";

export interface WithSessionOptions extends Omit<SessionOptions, "retry" | "settings" | "signal" | "waitUntil"> {
  /** PostgreSQL settings of each session; a function makes them of the event and its `env`. */
  readonly settings?: Settings | ((event: never, env: never) => Settings | undefined) | undefined;
  /** Whether a client that goes away ends the session at once. Where it cannot be told, the handler runs to its end. Default true. */
  readonly abortOnDisconnect?: boolean | undefined;
  /** Which responses roll back. Default: those of a status of 500 or more, which frameworks make of errors. */
  readonly rollbackOn?: ((response: Response) => boolean) | undefined;
  /**
   * Whether the session lasts until the response's body is read, so that the body can stream rows. The response leaves before
   * the commit then: when that fails, the body breaks off. Default false.
   */
  readonly keepUntilStreamEnds?: boolean | undefined;
}

/** What isopool needs of an event's context. */
export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Runs a handler in a session of each database; settles when they have ended. */
export function runEvent(
  databases: Databases,
  { event, env, context, request }: Invocation,
  handler: (...args: unknown[]) => unknown,
  options: WithSessionOptions,
): Promise<unknown> {
  const list: Database[] = [databases].flat();
  const keep = keeperOf(context);
  // A Durable Object outlives its requests, and so do its sockets.
  const isObject = "storage" in context;
  if (!isObject) markEvent(keep);
  const { abortOnDisconnect = true, rollbackOn = isFailure, keepUntilStreamEnds, settings, ...rest } = options;
  const client = untilReleased(abortOnDisconnect ? disconnectOf(request) : undefined);
  // What outlasts its handler is a session apart: a handler around it answers before the body is read.
  const outer = list.map((db) => (keepUntilStreamEnds ? undefined : around(db, request)));
  let refused: Response | undefined;
  return new Promise((answer, refuse) => {
    const work = async (sessions: readonly Session[]): Promise<unknown> => {
      const handling = (async () => handler(event, env, context, Array.isArray(databases) ? sessions : sessions[0]))();
      // Whoever gives up on it does not wait for it; but it may be in the middle of something.
      keep(handling);
      const result = await handling;
      const response = result instanceof Response ? result : undefined;
      if (response && rollbackOn(response)) refused = response;
      if (keepUntilStreamEnds && response?.body) {
        const { body, isRead } = heldBody(response.body, ended, (read) => enterAll(sessions, read));
        answer(new Response(body, response));
        await isRead;
      }
      // Thrown to roll back, and returned as the response.
      if (refused) throw refused;
      // From here on all is committed: a client that leaves between two databases must not split them.
      client?.release();
      return result;
    };
    const running = {
      ...toOptions(rest, settings, { event, env, context, request }),
      signal: client?.signal,
      waitUntil: keep,
    };
    const ended = inSessions(list, outer, [event, context, request], running, work).catch((error: unknown) =>
      refused && error === refused ? refused : fail(error),
    );
    ended.then(answer, refuse);
    keep(ended.catch(() => undefined).then(() => (isObject ? undefined : leave(list, outer, keep))));
  });
}

/** Keeps the event alive for a promise; a failure of that is not the platform's to see. */
function keeperOf(context: Partial<ExecutionContext>): (promise: Promise<unknown>) => void {
  return (promise) => context.waitUntil?.(promise.catch(() => undefined));
}

/** What the sessions of this event begin with. */
function toOptions(
  options: Omit<SessionOptions, "settings">,
  settings: WithSessionOptions["settings"],
  { event, env, request }: Invocation,
): SessionOptions {
  const own = typeof settings === "function" ? settings(event as never, env as never) : settings;
  const { accessMode = "read write", transaction } = options;
  return {
    ...options,
    ...(isWrite(request) && transaction !== false && { accessMode }),
    ...(own && { settings: own }),
  };
}

/** The session of a handler around this one for the same event: it is one unit of work, however often it is wrapped. */
function around(db: Database, request: object): Session | undefined {
  const session = db.of(request);
  return session?.scope.over ? undefined : session;
}

/** The last one is the outermost: the first is committed first, and when that fails, those behind it are rolled back. */
function inSessions<T>(
  list: readonly Database[],
  outer: readonly (Session | undefined)[],
  owners: readonly object[],
  options: SessionOptions,
  work: (sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const sessions: Session[] = [];
  const propagation = options.transaction === false ? "supports" : "required";
  const run = list.reduce<() => Promise<T>>(
    (inner, db, index) => {
      const within = async (session: Session): Promise<T> => {
        sessions[index] = session;
        const before = owners.map((owner) => [owner, db.of(owner)] as const);
        for (const owner of owners) db.bind(owner, session);
        try {
          return await inner();
        } finally {
          // A handler inside of another is done before it.
          for (const [owner, found] of before) if (found) db.bind(owner, found);
        }
      };
      // How it begins was decided by the handler around this one.
      const { accessMode: _, ...inside } = options;
      return () => outer[index]?.transaction(within, { ...inside, propagation }) ?? db.session(within, options);
    },
    () => work(sessions),
  );
  return run();
}

/** Makes the sessions current for `work`, as they are in the handler. */
function enterAll<T>(sessions: readonly Session[], work: () => T): T {
  return sessions.reduce<() => T>((inner, session) => () => session.enter(inner) as T, work)();
}

// What belongs to this request only is closed with it.
async function leave(list: readonly Database[], outer: readonly unknown[], keep: WaitUntil): Promise<void> {
  await Promise.all(list.map(async (db, index) => outer[index] || db.leave(keep)));
}

/**
 * workerd takes an error that says `retryable` for a connection of its own that was lost: it gives the client no answer, and
 * logs nothing. What leaves an event says it no more, and has what did for its cause.
 */
function fail(error: unknown): never {
  if (!isDbError(error) || !error.retryable) throw error;
  const { code, message, details, outcome } = error;
  throw new DbError(code, message.slice(code.length + 2), details, { outcome, cause: error });
}

function isFailure({ status }: Response): boolean {
  return status >= 500;
}

/** A signal that follows another one until it is released. */
function untilReleased(
  signal: AbortSignal | undefined,
): { readonly signal: AbortSignal; readonly release: () => void } | undefined {
  if (!signal) return undefined;
  const controller = new AbortController();
  const follow = (): void => controller.abort(reasonOf(signal));
  signal.addEventListener("abort", follow);
  if (signal.aborted) follow();
  return { signal: controller.signal, release: () => signal.removeEventListener("abort", follow) };
}

/** Requests that change something: a transaction that reads first and then writes loses races, if it does not begin as a writer. */
function isWrite({ method }: Partial<Request>): boolean {
  return /^(?:POST|PUT|PATCH|DELETE)$/.test(method ?? "");
}

function disconnectOf(request: object): AbortSignal | undefined {
  // Without the flag it never tells, and to listen is not free.
  return flags()["enable_request_signal"] ? (request as { signal?: AbortSignal }).signal : undefined;
}
