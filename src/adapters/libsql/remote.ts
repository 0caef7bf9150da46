import { systemClock } from "../../clock.ts";
import type { DbError } from "../../errors.ts";
import { withSlash } from "./address.ts";
import { unknown } from "./errors.ts";
import { CATCH_UP_MS, type Freshness, type Reading } from "./freshness.ts";
import { readLines } from "./lines.ts";
import { isUnsent } from "../shared/platform.ts";
import { readJson, type Sender } from "./sender.ts";
import type {
  FetchResponse,
  WireAnswer,
  WireBatch,
  WireEntry,
  WireHead,
  WireRequest,
  WireResponse,
  WireStep,
} from "./wire.ts";
import { reasonOf } from "../../signal.ts";

/** How long a farewell may take; the server forgets the stream by itself in ten seconds. */
export const CLOSE_MS = 5_000;

/** Part of a stream's time at the server after which it is no longer tried. */
const KEPT = 0.8;

/** What is known of a server, by all connections to it. */
export interface Server {
  version: 2 | 3;
  /** A stream idle for longer is taken to be expired, in milliseconds: sqld keeps it for 10_000. */
  keepMs: number;
  readonly freshness: Freshness;
}

/**
 * One stream at the server, which is one connection to the database there. Plain data: the baton that names it, and where to send it.
 */
export class Remote {
  readonly #server: Server;
  readonly #home: string;
  readonly #sender: Sender;
  /** Of this stream: what another one finds out meanwhile changes nothing for a flight that is written. */
  #version: Server["version"];
  #base: string;
  #baton: string | undefined;
  #usedAt = 0;
  /** A flight that somebody stopped waiting for; its answer brings the baton to close the stream with. */
  #late: Promise<unknown> | undefined;
  #abortLate: (() => void) | undefined;

  constructor(server: Server, baseUrl: string, sender: Sender) {
    this.#server = server;
    this.#version = server.version;
    this.#home = this.#base = baseUrl;
    this.#sender = sender;
  }

  /** Where the stream lives; servers may move it. */
  get baseUrl(): string {
    return this.#base;
  }

  /** Of the protocol. */
  get version(): Server["version"] {
    return this.#version;
  }

  /** Whether the server holds a stream for it, as far as is known. */
  get isOpen(): boolean {
    return this.#baton !== undefined;
  }

  /** Whether the server has most likely forgotten the stream. */
  get isStale(): boolean {
    return this.isOpen && this.#idleMs > this.#server.keepMs;
  }

  get #idleMs(): number {
    return systemClock.now() - this.#usedAt;
  }

  /** Goes on with a new stream; nothing is sent. */
  forget(): void {
    this.#baton = undefined;
    this.#base = this.#home;
  }

  /**
   * Sends requests that the server runs in order.
   *
   * @returns their results; `undefined` when the server knows no version 3: nothing was executed, and version 2 is used from now on.
   * @throws DbError; the stream is lost then, unless it is `isBusy`. Or the signal's own reason, unchanged.
   */
  async pipeline(
    requests: readonly WireRequest[],
    signal?: AbortSignal,
    reading?: Reading,
  ): Promise<readonly WireResponse[] | undefined> {
    const controller = new AbortController();
    const answering = this.#caughtUp(reading, controller, () => this.#ask(requests, controller.signal, reading?.index));
    const answer = await untilAborted(answering, signal, () => {
      // The server does its work in any case: only its answer says how to end the stream.
      this.#late = answering.catch(() => undefined);
      this.#abortLate = () => controller.abort();
    });
    return answer?.results;
  }

  /** Asks a replica that may have to wait until it is fresh; it would wait for ever. */
  async #caughtUp<T>(reading: Reading | undefined, controller: AbortController, ask: () => Promise<T>): Promise<T> {
    if (!reading) return ask();
    let isBehind = false;
    const timer = systemClock.setTimeout(() => {
      isBehind = true;
      controller.abort();
    }, CATCH_UP_MS);
    try {
      return await ask();
    } catch (error) {
      throw isBehind ? this.#server.freshness.behind(reading) : error;
    } finally {
      systemClock.clearTimeout(timer);
    }
  }

  /** Opens a cursor: its entries, as they come. */
  async cursor(
    steps: readonly WireStep[],
    signal: AbortSignal,
    reading?: Reading,
  ): Promise<AsyncGenerator<WireEntry, void> | undefined> {
    if (this.version < 3) return undefined;
    const controller = new AbortController();
    if (signal.aborted) controller.abort();
    signal.addEventListener("abort", () => controller.abort(), { once: true });
    const batch = { steps, replication_index: reading?.index } satisfies WireBatch;
    return this.#caughtUp(reading, controller, async () => {
      const response = await this.#post("cursor", { batch }, controller.signal);
      if (!response) return undefined;
      const lines = readLines(response.body, signal) as AsyncGenerator<WireEntry | WireHead, void>;
      const { value } = await lines.next();
      if (!value || "type" in value) throw unknown("the server's answer is cut off");
      this.#note(value);
      return this.#noting(lines as AsyncGenerator<WireEntry, void>, reading?.index);
    });
  }

  async *#noting(entries: AsyncGenerator<WireEntry, void>, asked: string | undefined): AsyncGenerator<WireEntry, void> {
    for await (const entry of entries) {
      if (entry.type === "replication_index") this.#server.freshness.note(entry.replication_index, asked);
      yield entry;
    }
  }

  /**
   * Ends the stream at the server. A stream that cannot be told is forgotten there by itself.
   *
   * @param isHeld - it has locks there: it is told also when it should have been forgotten by now.
   * @throws DbError when the platform sends nothing for this request: another one can end it.
   */
  async close(isHeld = false): Promise<void> {
    const controller = new AbortController();
    const timer = systemClock.setTimeout(() => {
      controller.abort();
      this.#abortLate?.();
    }, CLOSE_MS);
    try {
      await this.#late;
      // Past that, the server has ended it, or is about to.
      if (this.isOpen && (isHeld || this.#idleMs < this.#server.keepMs / KEPT))
        await this.#ask([{ type: "close" }], controller.signal);
    } catch (error) {
      if (isUnsent(error)) throw error;
      // It expires.
    } finally {
      systemClock.clearTimeout(timer);
    }
    this.forget();
  }

  async #ask(requests: readonly WireRequest[], signal: AbortSignal, index?: string): Promise<WireAnswer | undefined> {
    const [first, ...rest] = requests;
    const isWaiting = index !== undefined && first?.type === "batch";
    // One stream: once it is fresh, it stays so.
    const fresh = isWaiting ? [{ ...first, batch: { ...first.batch, replication_index: index } }, ...rest] : requests;
    const response = await this.#post("pipeline", { requests: fresh }, signal);
    if (!response) return undefined;
    const answer = (await readJson(response)) as WireAnswer | null;
    if (answer?.results?.length !== requests.length || !requests.every((each, at) => isTold(each, answer.results[at])))
      throw unknown("the server's answer does not match the request");
    this.#note(answer);
    for (const { response: each } of answer.results)
      this.#server.freshness.note(each?.result?.replication_index, index);
    // It wants back at once what holds nothing of ours: it keeps the others not for long either.
    if (!this.isOpen && requests.at(-1)?.type !== "close") this.#server.keepMs = Math.min(this.#server.keepMs, 4_000);
    return answer;
  }

  /** @returns the answer; `undefined` when the server does not know version 3, which is remembered. */
  async #post(endpoint: "pipeline" | "cursor", body: object, signal: AbortSignal): Promise<FetchResponse | undefined> {
    const text = JSON.stringify({ baton: this.#baton ?? null, ...body });
    const response = await this.#sender.post(`${this.#base}v${this.version}/${endpoint}`, text, this.isOpen, signal);
    if (response.status === 200) return response;
    const isNeither = this.version === 2;
    // A database that is not there says nothing about versions.
    this.#version = this.#server.version = isNeither ? 3 : 2;
    if (isNeither) throw await this.#sender.refusal(response, false);
    return undefined;
  }

  #note({ baton, base_url: base, stream_ttl_ms: ttlMs }: WireHead): void {
    if (ttlMs) this.#server.keepMs = ttlMs * KEPT;
    this.#usedAt = systemClock.now();
    if (!baton) return this.forget();
    this.#baton = baton;
    if (!base) return;
    // The token goes along. What it has done, it has done all the same.
    if (!/^https:/i.test(base) && this.#home.startsWith("https:"))
      throw unknown("the server asked to continue without TLS");
    this.#base = withSlash(base);
  }
}

/** Whether an answer says what became of a request: a proxy may have written it. */
function isTold(request: WireRequest, answer: Partial<WireResponse> | null | undefined): boolean {
  const { error, response } = answer ?? {};
  if (typeof error?.message === "string") return true;
  return request.type === "batch"
    ? response?.result?.step_results?.length === request.batch.steps.length
    : response !== undefined;
}

/** Waits for a promise until the signal is aborted; the promise itself goes on. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, onAbort: () => void): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      onAbort();
      reject(reasonOf(signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Whether the flight may be sent again on the same stream, a moment later: nothing was executed, and nothing is lost. */
export function isBusy(error: unknown): error is DbError<"QUERY_FAILED"> {
  const { code, details } = Object(error) as { code?: unknown; details?: { kind?: unknown; dialectCode?: unknown } };
  return code === "QUERY_FAILED" && details?.kind === "busy" && details.dialectCode === "429";
}
