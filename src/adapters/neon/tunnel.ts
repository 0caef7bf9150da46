import type { Address } from "../postgres/address.ts";
import type { ClientClass, ClientConfig, NeonClient, NeonSettings } from "./driver.ts";
import { pause, type Room } from "./room.ts";
import { failed, failures, gone, redact, toConnectError, unknown, messageOf } from "./errors.ts";
import { type Answer, type Part, Pipeline } from "../postgres/pipeline.ts";
import type { Answering, Channel, ServerError } from "../postgres/wire.ts";
import { isDbError } from "../../errors.ts";
import type { Failures } from "../shared/failures.ts";
import { orAbort, within } from "../shared/waits.ts";
import { reasonOf, throwIfAborted } from "../../signal.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const CANCEL_TIMEOUT_MS = 3_000;
const GOODBYE_TIMEOUT_MS = 1_000;

const SETTINGS = ["wsProxy", "webSocketConstructor", "useSecureWebSocket", "pipelineConnect"] as const;

/** How to reach a database over WebSocket. */
export interface Route {
  readonly Client: ClientClass;
  readonly settings: NeonSettings | undefined;
  readonly address: Address;
  readonly room: Room;
}

/** The driver's Client, kept from failing where nobody listens, and from promising what it cannot know. */
export class Tunnel implements Channel {
  readonly failures: Failures = failures;
  readonly client: NeonClient;
  /** Of the last ReadyForQuery; `?` before the first. */
  status = "?";
  /** Why it ended; whatever was thrown. */
  #end: unknown;
  readonly #route: Route;
  readonly #ended: Promise<void>;
  #tellEnd!: () => void;
  #pipeline: Pipeline | undefined;
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

  get raw(): unknown {
    return this.client;
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#closing === undefined;
  }

  /** @throws DbError when it has ended. */
  checkOpen(): void {
    if (this.isOpen) return;
    // The login was refused before anything was asked.
    if (this.status === "?" && Object(this.#end).severity) throw this.#toRefusal(this.#end);
    throw gone("this connection was closed", this.#end && new Error(this.#words(this.#end)));
  }

  /**
   * Opens the WebSocket. The login is under way then, and its answer comes with that to the first pipeline.
   *
   * @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason.
   */
  async connect(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    checkWebSocket(this.client.neonConfig);
    const { isScarce } = this.#route.room;
    try {
      if (isScarce) await orAbort(pause(200), signal);
      const connecting = this.client.connect();
      // Behind connect(), which takes off what listens for it, and ahead of the driver, which begins the next query then.
      this.client.connection.prependListener("readyForQuery", ({ status }) => this.#onReady(status));
      const isOpen = await orAbort(within(connecting, CONNECT_TIMEOUT_MS), signal);
      // The error goes to the caller that opens it, not to the first statement.
      if (isOpen && isScarce) await orAbort(this.run([[]], false).answer, signal);
      if (isOpen) return;
    } catch (error) {
      void this.close();
      throw signal?.aborted ? reasonOf(signal) : isDbError(error) ? error : this.#toRefusal(error);
    }
    void this.close();
    const message = `the WebSocket was not open within ${CONNECT_TIMEOUT_MS} ms`;
    throw failed("CONNECT_FAILED", message, { retryable: true });
  }

  run(segments: readonly (readonly Part[])[], isKept: boolean): Answering {
    this.checkOpen();
    const pipeline = (this.#pipeline = new Pipeline(segments));
    for (const _ of segments) this.client.query(pipeline);
    return { answer: this.#answer(pipeline, isKept), first: pipeline.first };
  }

  async #answer(pipeline: Pipeline, isKept: boolean): Promise<Answer> {
    try {
      return await pipeline.answer;
    } catch (error) {
      const { failure } = pipeline;
      // Before the first ReadyForQuery the server speaks of the login. When it is silent, what came along may be done.
      if (this.status === "?" && (failure || !isKept)) throw this.#toRefusal(failure ?? error);
      const cause = new Error(this.#words(failure?.severity === "FATAL" ? failure : error));
      throw (isKept ? unknown : gone)("the WebSocket was lost before an answer came", cause);
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
    if (this.#end === undefined && this.#pipeline) await within(this.#cancel(this.#pipeline), CANCEL_TIMEOUT_MS);
    // The goodbye is written only to a WebSocket that is open and idle: before, or behind a query, it would be an error.
    if (this.#end === undefined && !this.#pipeline && this.status !== "?") client.connection.end();
    else client.connection.stream.destroy();
    // It was never asked to open.
    if (!client.connection.stream.ws) return;
    if (await within(this.#ended, GOODBYE_TIMEOUT_MS)) return;
    client.connection.stream.ws?.terminate?.();
  }

  // By a WebSocket of its own, with the key that the server gave; nothing comes back but that it is closed.
  async #cancel({ answer }: Pipeline): Promise<void> {
    const { client } = this;
    const isOver = Promise.race([answer.catch(() => undefined), this.#ended]);
    // The key comes with the answer to the login.
    const isReady = new Promise((resolve) => client.connection.on("readyForQuery", resolve));
    if (client.processID === null) await Promise.race([isReady, isOver]);
    if (client.processID === null || !this.#pipeline) return;
    const other = toClient(this.#route);
    const isClosed = new Promise((resolve) => {
      other.on("error", resolve);
      other.connection.on("error", resolve);
      other.connection.on("end", resolve);
    });
    other.cancel(client, client.activeQuery);
    await Promise.race([isClosed, isOver]);
    other.connection.stream.destroy();
  }

  #onReady(status: string): void {
    const isFirst = this.status === "?";
    this.status = status;
    if (!isFirst) this.#pipeline?.onReady();
  }

  #lose(error: unknown): void {
    this.#end ??= error ?? new Error("closed by the server");
    this.#pipeline?.fail(error ?? this.#end);
  }

  #words(error: unknown): string {
    return redact(messageOf(error), [this.#route.address.password]);
  }

  // Whatever is told before the first ReadyForQuery is about the connect.
  #toRefusal(error: unknown): Error {
    const { code } = Object(error) as Partial<ServerError>;
    const words = this.#words(error);
    const refusal = toConnectError(words, new Error(code ? `${code}: ${words}` : words));
    this.#route.room.note(refusal);
    return refusal;
  }
}

function toClient({ Client, settings, address }: Route): NeonClient {
  const { host, port, user, password = "", database, applicationName } = address;
  const login = { host, port, user, password, database, application_name: applicationName } as ClientConfig;
  const client = new Client(login) as NeonClient;
  const own: Record<string, unknown> = { disableWarningInBrowsers: true };
  for (const name of SETTINGS) if (settings?.[name] !== undefined) own[name] = settings[name];
  Object.assign(client.neonConfig, own);
  return client;
}

// Without one, the driver would try to upgrade a fetch, and tell of that.
function checkWebSocket(settings: NeonSettings): void {
  if (settings.webSocketConstructor || "WebSocket" in globalThis) return;
  throw failed("CONNECT_FAILED", "no WebSocket here: give `neonConfig.webSocketConstructor`, the `WebSocket` of `ws`");
}
