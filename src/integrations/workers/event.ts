import type { Database, Session, SessionOptions } from "../../index.ts";
import { flags } from "./flags.ts";
import { heldBody } from "./held-body.ts";
import type { Databases } from "./with-session.ts";

export interface WithSessionOptions extends Omit<SessionOptions, "retry" | "signal" | "waitUntil"> {
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

/** `request, env, ctx` of a Worker, or the one context of a Pages function. */
export type EventArguments = readonly [event: object, env?: unknown, context?: object];

/** What isopool needs of an event's context. */
export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Runs a handler in a session of each database; settles when they have ended. */
export function runEvent(
  databases: Databases,
  args: EventArguments,
  handler: (...args: unknown[]) => unknown,
  options: WithSessionOptions,
): Promise<unknown> {
  const [event, env, context = event] = args;
  const list: Database[] = [databases].flat();
  const keep = (promise: Promise<unknown>): void =>
    (context as Partial<ExecutionContext>).waitUntil?.(promise.catch(() => undefined));
  const { abortOnDisconnect = true, rollbackOn = isFailure, keepUntilStreamEnds = false, ...rest } = options;
  const signal = abortOnDisconnect ? disconnectOf(event) : undefined;
  return new Promise((answer, refuse) => {
    const work = async (sessions: readonly Session[]): Promise<unknown> => {
      const handling = (async () => handler(event, env, context, Array.isArray(databases) ? sessions : sessions[0]))();
      // Whoever gives up on it does not wait for it; but it may be in the middle of something.
      keep(handling);
      const result = await handling;
      if (!(result instanceof Response)) return result;
      if (rollbackOn(result)) for (const session of sessions) if (!session.scope.ended) await session.rollback();
      if (!keepUntilStreamEnds || !result.body) return result;
      const { body, isRead } = heldBody(result.body, ended);
      answer(new Response(body, result));
      return isRead;
    };
    const ended = inSessions(list, [event, context], { ...rest, signal, waitUntil: keep }, work);
    ended.then(answer, refuse);
    keep(ended.catch(() => undefined).then(() => leave(list, context)));
  });
}

/** The last one is the outermost: the first is committed first, and when that fails, those behind it are rolled back. */
function inSessions<T>(
  list: readonly Database[],
  owners: readonly object[],
  options: SessionOptions,
  work: (sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const sessions: Session[] = [];
  const run = list.reduce<() => Promise<T>>(
    (inner, db, index) => () =>
      db.session((session) => {
        sessions[index] = session;
        for (const owner of owners) db.bind(owner, session);
        return inner();
      }, options),
    () => work(sessions),
  );
  return run();
}

// What belongs to this request only is closed with it. A Durable Object outlives its requests, and so do its sockets.
async function leave(list: readonly Database[], context: object): Promise<void> {
  if (!("storage" in context)) await Promise.all(list.map((db) => db.leave()));
}

function isFailure({ status }: Response): boolean {
  return status >= 500;
}

function disconnectOf(event: object): AbortSignal | undefined {
  // Without the flag it never tells, and to listen is not free.
  return flags()["enable_request_signal"] ? (event as { signal?: AbortSignal }).signal : undefined;
}
