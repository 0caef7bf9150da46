import { systemClock } from "../../clock.ts";
import type { Address } from "./address.ts";
import type { ClientClass, NeonClient, NeonSettings, ServerError } from "./driver.ts";
import { failed, gone, isFatal, redact, toConnectError, unknown, wordsOf } from "./errors.ts";
import { type Answer, type Part, Pipeline } from "./pipeline.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const CANCEL_TIMEOUT_MS = 3_000;
const GOODBYE_TIMEOUT_MS = 1_000;

const SETTINGS = ["wsProxy", "webSocketConstructor", "useSecureWebSocket", "pipelineConnect"] as const;

/** How to reach a database over WebSocket. */
export interface Route {
  readonly Client: ClientClass;
  readonly settings: NeonSettings | undefined;
  readonly address: Address;
}

/** The driver's Client, kept from failing where nobody listens, and from promising what it cannot know. */
export class Tunnel {
  readonly client: NeonClient;
  /** Of the last ReadyForQuery; `?` before the first. */
  status = "?";
  /** Why it ended. */
  #end: Error | undefined;
  readonly #route: Route;
  readonly #ended: Promise<void>;
  #tellEnd!: () => void;
  #pipeline: Pipeline | undefined;
  #isWritten = false;
  #closing: Promise<void> | undefined;

  constructor(route: Route) {
    this.#route = route;
    this.#ended = new Promise((resolve) => (this.#tellEnd = resolve));
    this.client = toClient(route);
    // An error without a listener would end the process: wrong passwords, and whatever dies while nobody asks.
    this.client.on("error", (error) => this.#lose(error));
    this.client.on("end", () => {
      this.#lose(undefined);
      this.#tellEnd();
    });
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#closing === undefined;
  }

  /** Whether it has a use: a pipeline is under way. */
  get isBusy(): boolean {
    return this.#pipeline !== undefined;
  }

  /**
   * Opens the WebSocket. The login is under way then, and its answer comes with that to the first pipeline.
   *
   * @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason.
   */
  async connect(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    checkWebSocket(this.client.neonConfig);
    const { promise, reject } = withReject();
    const timer = systemClock.setTimeout(() => {
      const message = `the WebSocket was not open within ${CONNECT_TIMEOUT_MS} ms`;
      reject(failed("CONNECT_FAILED", message, { retryable: true }));
    }, CONNECT_TIMEOUT_MS);
    const onAbort = (): void => reject(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      const connecting = this.client.connect();
      // Behind connect(), which takes off what listens for it.
      this.client.connection.on("readyForQuery", ({ status }) => this.#onReady(status));
      await Promise.race([connecting, promise]);
    } catch (error) {
      void this.close();
      if (signal?.aborted) throw signal.reason;
      throw error instanceof Error && "outcome" in error ? error : this.#toRefusal(error);
    } finally {
      systemClock.clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Sends segments of statements together.
   *
   * @throws DbError when the connection was lost: `isKept` tells whether what was sent may be there to stay.
   */
  async run(segments: readonly (readonly Part[])[], isKept: boolean): Promise<Answer> {
    if (!this.isOpen) throw gone("the WebSocket was closed while it was idle", this.#end);
    const pipeline = (this.#pipeline = new Pipeline(segments));
    this.#isWritten = true;
    for (const _ of segments) this.client.query(pipeline);
    try {
      return await pipeline.answer;
    } catch (error) {
      const { failure } = pipeline;
      if (this.status === "?") throw this.#toRefusal(failure ?? error);
      const cause = new Error(this.#words(failure && isFatal(failure) ? failure : error));
      throw isKept
        ? unknown("the WebSocket was lost, and no answer came", cause)
        : gone("the WebSocket was lost", cause);
    } finally {
      this.#pipeline = undefined;
    }
  }

  /** Ends it: what runs is cancelled at the server first. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { client } = this;
    if (this.#end === undefined && this.#pipeline) await this.#cancel();
    // The goodbye is written only to a WebSocket that is open and idle: before, or behind a query, it would be an error.
    if (this.#end === undefined && !this.#pipeline && this.#isWritten && this.status !== "?") client.connection.end();
    else client.connection.stream.destroy();
    // It was never asked to open.
    if (!client.connection.stream.ws) return;
    if (await within(this.#ended, GOODBYE_TIMEOUT_MS)) return;
    client.connection.stream.ws?.terminate?.();
  }

  // By a WebSocket of its own, with the key that the server gave; nothing comes back but that it is closed.
  async #cancel(): Promise<void> {
    const { client } = this;
    if (client.processID === null) return;
    const other = toClient(this.#route);
    const isOver = new Promise<void>((resolve) => {
      const over = (): void => resolve();
      other.on("error", over);
      other.connection.on("error", over);
      other.connection.on("end", over);
      this.#pipeline!.answer.then(over, over);
    });
    other.cancel(client, client.activeQuery);
    await within(isOver, CANCEL_TIMEOUT_MS);
    other.connection.stream.destroy();
  }

  #onReady(status: string): void {
    const isFirst = this.status === "?";
    this.status = status;
    if (!isFirst) this.#pipeline?.onReady(status);
  }

  #lose(error: unknown): void {
    this.#end ??= new Error(error === undefined ? "closed by the server" : this.#words(error));
    this.#pipeline?.fail(error ?? this.#end);
  }

  #words(error: unknown): string {
    return redact(wordsOf(error), [this.#route.address.password]);
  }

  // Whatever is told before the first ReadyForQuery is about the connect.
  #toRefusal(error: unknown): Error {
    const { code } = Object(error) as Partial<ServerError>;
    const words = this.#words(error);
    return toConnectError(words, new Error(code ? `${code}: ${words}` : words));
  }
}

function toClient({ Client, settings, address }: Route): NeonClient {
  const { host, port, user, password = "", database, applicationName } = address;
  const login = { host, port, user, password, database };
  const client = new Client(
    applicationName === undefined ? login : { ...login, application_name: applicationName },
  ) as NeonClient;
  const own: Record<string, unknown> = { disableWarningInBrowsers: true };
  for (const name of SETTINGS) if (settings?.[name] !== undefined) own[name] = settings[name];
  Object.assign(client.neonConfig, own);
  return client;
}

// Without one, the driver would try to upgrade a fetch, and tell of that.
function checkWebSocket(settings: NeonSettings): void {
  if (settings.webSocketConstructor || "WebSocket" in globalThis) return;
  const remedy = "this platform has no WebSocket: give `neonConfig.webSocketConstructor`, the `WebSocket` of `ws`";
  throw failed("CONNECT_FAILED", remedy);
}

function withReject(): { promise: Promise<never>; reject: (error: unknown) => void } {
  let reject!: (error: unknown) => void;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  return { promise, reject };
}

/** Whether it came before its time was over. */
async function within(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: unknown;
  const late = new Promise<false>((resolve) => (timer = systemClock.setTimeout(() => resolve(false), timeoutMs)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    systemClock.clearTimeout(timer);
  }
}
