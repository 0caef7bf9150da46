import { DbError, isDbError } from "../../errors.ts";
import type { Database, Session, SessionOptions, Settings } from "../../index.ts";
import type { MaybePromise } from "../../contract/adapter.ts";
import type { WaitUntil } from "../../contract/runtime.ts";
import { beginEvent, markEvent } from "./running-events.ts";
import { type Replay, replayOf } from "./replay.ts";
import { around, enterAll, inSessions, leave } from "./sessions.ts";
import { thrown } from "./thrown.ts";
import { flags } from "./flags.ts";
import { heldBody } from "./held-body.ts";
import type { Invocation } from "./invocation.ts";
import type { Databases } from "./with-session.ts";
import { reasonOf } from "../../signal.ts";

export interface WithSessionOptions extends Omit<SessionOptions, "retry" | "settings" | "signal" | "waitUntil"> {
  /**
   * How often the handler is run again if its transaction lost a race. Each attempt gets its own Request, with the body if its
   * `content-length` is at most 1 MiB; otherwise nothing is retried once the body was read. Nor after a commit, or once the
   * response has begun. Other effects of an attempt stay: `ctx.waitUntil()`, a `fetch()`. Default 0.
   */
  readonly retry?: SessionOptions["retry"];
  /** PostgreSQL settings of each session; a function makes them of the event and its `env`. */
  readonly settings?: Settings | ((event: never, env: never) => Settings | undefined) | undefined;
  /** Whether a disconnecting client ends the session at once. If the platform does not report it, the handler runs to its end. Default true. */
  readonly abortOnDisconnect?: boolean | undefined;
  /**
   * Which responses roll back. `error`: what the handler threw, if the framework reports it (Hono). Default: a status of 500 or
   * more, and any status with an error.
   */
  readonly rollbackOn?: ((response: Response, error?: unknown) => MaybePromise<boolean>) | undefined;
  /**
   * Whether the session lasts until the response's body is read, so that the body can stream rows. The response then leaves
   * before the commit: if that fails, the body is aborted. Default false.
   */
  readonly keepUntilStreamEnds?: boolean | undefined;
}

export const WITH_SESSION_OPTIONS: readonly (keyof WithSessionOptions)[] = [
  "abortOnDisconnect",
  "rollbackOn",
  "settings",
  "keepUntilStreamEnds",
  "retry",
  "isolationLevel",
  "accessMode",
  "behavior",
  "foreignKeys",
  "timeoutMs",
  "transaction",
  "name",
];

/** What isopool needs from an event's context. */
export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Runs a handler in a session of each database; settles when they have ended. */
export async function runEvent(
  databases: Databases,
  invocation: Invocation,
  handler: (...args: unknown[]) => unknown,
  options: WithSessionOptions,
): Promise<unknown> {
  const { event, request } = invocation;
  const replay = options.retry && event === request ? await replayOf(request) : undefined;
  return new Run(databases, invocation, handler, options, replay).run();
}

/** One event, from the first attempt at its handler to the end of its sessions. */
class Run {
  readonly #list: readonly Database[];
  readonly #isList: boolean;
  readonly #invocation: Invocation;
  readonly #handler: (...args: unknown[]) => unknown;
  readonly #options: WithSessionOptions;
  readonly #replay: Replay | undefined;
  readonly #keep: WaitUntil;
  readonly #client: ReturnType<typeof untilReleased>;
  readonly #sessions: Session[] = [];
  #refused: { readonly reason: unknown; readonly response: Response } | undefined;
  #answer!: (answer: unknown) => void;
  #isAnswered = false;
  #ended!: Promise<unknown>;

  constructor(
    databases: Databases,
    invocation: Invocation,
    handler: (...args: unknown[]) => unknown,
    options: WithSessionOptions,
    replay: Replay | undefined,
  ) {
    const { context, request } = invocation;
    this.#list = [databases].flat();
    this.#isList = Array.isArray(databases);
    this.#invocation = invocation;
    this.#handler = handler;
    this.#options = options;
    this.#replay = replay;
    this.#keep = (promise) =>
      (context as Partial<ExecutionContext>).waitUntil?.(
        // A failure of it is not the platform's to see.
        promise.catch(() => undefined),
      );
    this.#client = untilReleased((options.abortOnDisconnect ?? true) ? disconnectOf(request) : undefined);
  }

  run(): Promise<unknown> {
    const { event, context, request } = this.#invocation;
    const list = this.#list;
    const keep = this.#keep;
    // A Durable Object outlives its requests, and so do its sockets.
    const isObject = "storage" in context;
    if (!isObject) markEvent(keep);
    // What outlasts its handler is a session apart: a handler around it answers before the body is read.
    const outer = list.map((db) => (this.#options.keepUntilStreamEnds ? undefined : around(db, request)));
    const end = beginEvent(isObject);
    return new Promise((answer, refuse) => {
      this.#answer = answer;
      this.#ended = inSessions(
        list,
        outer,
        [event, context, request],
        this.#running(),
        this.#sessions,
        () => this.#isSpent(),
        () => this.#work(),
      ).catch((error: unknown) =>
        this.#refused && error === this.#refused.reason ? this.#refused.response : fail(error, outer.some(Boolean)),
      );
      this.#ended.then(answer, refuse);
      const over = this.#ended.catch(() => undefined).then(end);
      keep(over.then(() => (isObject ? undefined : leave(list, outer, keep))));
    });
  }

  /** What the session of a database begins with. */
  #running(): (db: Database) => SessionOptions {
    const { abortOnDisconnect: _, rollbackOn: __, keepUntilStreamEnds: ___, settings, ...rest } = this.#options;
    const { event, env, request } = this.#invocation;
    const own = typeof settings === "function" ? settings(event as never, env as never) : settings;
    const { accessMode, transaction } = rest;
    const given = { ...rest, ...(own && { settings: own }), signal: this.#client?.signal, waitUntil: this.#keep };
    const writes = isWrite(request) && transaction !== false;
    // A database whose sessions only read is left as it is.
    return (db) => (writes ? { ...given, accessMode: accessMode ?? db.accessMode ?? "read write" } : given);
  }

  async #work(): Promise<unknown> {
    const { event, env, context } = this.#invocation;
    const { rollbackOn = isFailure, keepUntilStreamEnds } = this.#options;
    const sessions = this.#sessions;
    const own = this.#replay?.next() ?? event;
    this.#refused = undefined;
    thrown.delete(own);
    this.#list.forEach((db, index) => db.bind(own, sessions[index]!));
    const handling = (async () => this.#handler(own, env, context, this.#isList ? sessions : sessions[0]))();
    // Whoever gives up on it does not wait for it; but it may be in the middle of something.
    this.#keep(handling);
    const result = await handling;
    const response = isResponse(result) ? result : undefined;
    const error = thrown.get(own);
    if (response && (await rollbackOn(response, error))) this.#refused = { reason: error ?? response, response };
    if (keepUntilStreamEnds && response?.body && error === undefined) await this.#outlast(response, response.body);
    // Thrown to roll back, and returned as the response.
    if (this.#refused) throw this.#refused.reason;
    // From here on all is committed: a client that leaves between two databases must not split them.
    this.#client?.release();
    return result;
  }

  /** Answers, and waits until the body was read. */
  async #outlast(response: Response, source: ReadableStream<Uint8Array>): Promise<void> {
    const { body, isRead } = heldBody(
      source,
      this.#ended,
      (read) => enterAll(this.#sessions, read),
      this.#list[0]!.clock,
    );
    this.#isAnswered = true;
    this.#answer(new Response(body, response));
    await isRead;
  }

  /** What was committed, answered or read is not done again. */
  #isSpent(): boolean {
    const { bodyUsed = false } = this.#invocation.request as Partial<Request>;
    return this.#isAnswered || this.#sessions.some(({ unit }) => unit.hasKept) || (this.#replay?.isSpent() ?? bodyUsed);
  }
}

/**
 * workerd mistakes an error marked `retryable` for a lost connection of its own: it sends the client no response, and logs
 * nothing. Errors leaving an event are not marked retryable; the original is the `cause`.
 */
function fail(error: unknown, isInside: boolean): never {
  if (isInside || !isDbError(error) || !error.retryable) throw error;
  const { code, message, details, outcome } = error;
  throw new DbError(code, message.slice(code.length + 2), details, { outcome, cause: error });
}

/** Of whichever class: in Node, a library may bring one of its own. Those of Workers have a tag since 2024-09-26 only. */
function isResponse(result: unknown): result is Response {
  return result instanceof Response || Object.prototype.toString.call(result) === "[object Response]";
}

function isFailure({ status }: Response, error: unknown): boolean {
  return error !== undefined || status >= 500;
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

/** Requests that change data: a transaction that reads before it writes loses races unless it begins as a writer. */
function isWrite({ method }: Partial<Request>): boolean {
  return /^(?:POST|PUT|PATCH|DELETE)$/.test(method ?? "");
}

function disconnectOf(request: object): AbortSignal | undefined {
  // Without the flag it never fires, and listening is not free.
  return flags()["enable_request_signal"] ? (request as { signal?: AbortSignal }).signal : undefined;
}
