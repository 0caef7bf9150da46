import { isDbError } from "../../errors.ts";
import { reasonOf, throwIfAborted } from "../../signal.ts";
import type { Failures } from "../shared/failures.ts";
import { orAbort, within } from "../shared/waits.ts";
import { type Part, Pipeline } from "./pipeline.ts";
import type { Answering, Channel, WireClient } from "./wire.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const CANCEL_TIMEOUT_MS = 3_000;
/** As long as this, a cancelled statement is not over: the request came too early. */
const CANCEL_AGAIN_MS = 1_000;
const GOODBYE_TIMEOUT_MS = 1_000;

/** The Client of a driver written after `pg`, kept from failing where nobody listens, and from promising what it cannot know. */
export abstract class ClientChannel<Client extends WireClient = WireClient> implements Channel {
  readonly raw: Client;
  abstract readonly failures: Failures;
  /** Of the last ReadyForQuery; `?` before the first. */
  status = "?";
  /** Why it ended; whatever was thrown. */
  #end: unknown;
  readonly #ended: Promise<void>;
  #tellEnd!: () => void;
  #pipeline: Pipeline | undefined;
  /** Whether something of it may be there to stay. */
  #isKept = false;
  #closing: Promise<void> | undefined;

  constructor(client: Client) {
    this.raw = client;
    this.#ended = new Promise((resolve) => (this.#tellEnd = resolve));
    // An error without a listener would end the process: wrong passwords, and whatever dies while nobody asks.
    client.on("error", (error) => this.#lose(error));
    client.on("end", () => {
      this.#lose(undefined);
      this.#tellEnd();
    });
  }

  /** Whatever was thrown, in words without secrets. */
  abstract words(thrown: unknown): string;

  /** Why there is no connection. */
  abstract toRefusal(thrown: unknown): Error;

  /** Asks the server, by a connection of its own, to end what runs; resolves when that connection is closed, or `isOver`. */
  abstract cancel(isOver: Promise<unknown>): Promise<void>;

  get isOpen(): boolean {
    return this.#end === undefined && this.#closing === undefined;
  }

  /** @throws DbError when it has ended. */
  checkOpen(): void {
    if (this.isOpen) return;
    // The login was refused before anything was asked.
    if (this.status === "?" && Object(this.#end).severity) throw this.toRefusal(this.#end);
    throw this.failures.gone("this connection was closed", this.#end && new Error(this.words(this.#end)));
  }

  /**
   * Opens it.
   *
   * @param isPatient - until the server has let it in, which a driver may not wait for.
   * @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason.
   */
  async connect(signal?: AbortSignal, isPatient = false): Promise<void> {
    throwIfAborted(signal);
    try {
      const connecting = this.raw.connect();
      // Behind connect(), which may take off what listens for it, and ahead of the driver, which begins the next query then.
      this.raw.connection.prependListener("readyForQuery", ({ status }) => this.#onReady(status));
      const isOpen = await orAbort(within(connecting, CONNECT_TIMEOUT_MS), signal);
      if (isOpen && isPatient) await orAbort(this.run([[]], false).answer, signal);
      if (isOpen) return;
      throw new Error(`the connection was not open within ${CONNECT_TIMEOUT_MS} ms`);
    } catch (error) {
      void this.close();
      throw signal?.aborted ? reasonOf(signal) : isDbError(error) ? error : this.toRefusal(error);
    }
  }

  run(segments: readonly (readonly Part[])[], isKept: boolean): Answering {
    this.checkOpen();
    const pipeline = (this.#pipeline = new Pipeline(segments));
    this.#isKept = isKept;
    this.raw.query(pipeline);
    return pipeline;
  }

  async #fail(pipeline: Pipeline, error: unknown): Promise<void> {
    // What the server has said of it may be on its way through the driver.
    await Promise.resolve();
    if (this.#pipeline !== pipeline) return;
    this.#pipeline = undefined;
    const { failure } = pipeline;
    // Before the first ReadyForQuery the server speaks of the login. When it is silent, what came along may be done.
    if (this.status === "?" && (failure || !this.#isKept)) return pipeline.fail(this.toRefusal(failure ?? error));
    const cause = new Error(this.words(failure?.severity === "FATAL" ? failure : error));
    const { unknown, gone } = this.failures;
    pipeline.fail((this.#isKept ? unknown : gone)("the connection was lost before an answer came", cause));
  }

  /** Ends it: what runs is cancelled at the server first. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  hold(isHeld: boolean): void {
    const { stream } = this.raw.connection;
    (stream.ws?._socket ?? stream)[isHeld ? "ref" : "unref"]?.();
  }

  async #close(): Promise<void> {
    this.hold(true);
    const { connection } = this.raw;
    if (this.#end === undefined && this.#pipeline) await within(this.#cancel(this.#pipeline), CANCEL_TIMEOUT_MS);
    // The goodbye is written only to one that is open and idle: before, or behind a query, it would be an error.
    if (this.#end === undefined && !this.#pipeline && this.status !== "?") connection.end();
    else connection.stream.destroy();
    if (await within(this.#ended, GOODBYE_TIMEOUT_MS)) return;
    connection.stream.destroy();
    connection.stream.ws?.terminate?.();
  }

  async #cancel({ answer }: Pipeline): Promise<void> {
    const { raw: client } = this;
    const isOver = Promise.race([answer.catch(() => undefined), this.#ended]);
    // The key comes with the answer to the login.
    const isReady = new Promise((resolve) => client.connection.on("readyForQuery", resolve));
    if (client.processID === null) await Promise.race([isReady, isOver]);
    // One that the server gets before the statement has begun does nothing: it is asked for again.
    while (client.processID !== null && this.#pipeline) {
      await this.cancel(isOver);
      if (await within(isOver, CANCEL_AGAIN_MS)) return;
    }
  }

  #onReady(status: string): void {
    const isFirst = this.status === "?";
    this.status = status;
    if (isFirst || !this.#pipeline) return;
    const hasMore = this.#pipeline.onReady();
    // The driver's line of queries ends one with each Sync.
    if (hasMore) this.raw.query(this.#pipeline);
    else if (hasMore === false) this.#pipeline = undefined;
  }

  #lose(error: unknown): void {
    this.#end ??= error ?? new Error("closed by the server");
    if (this.#pipeline) void this.#fail(this.#pipeline, error ?? this.#end);
  }
}
