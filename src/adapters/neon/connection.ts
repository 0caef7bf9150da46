import type { DriverConnection, Flight, RowStream, Step, StepOutcome, StreamOptions } from "../../contract/adapter.ts";
import type { RowBatch, Statement } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { gone } from "./errors.ts";
import { type HttpConnection, refusalOf } from "./http-connection.ts";
import { isSetup } from "../postgres/outcomes.ts";
import type { WireConnection } from "../postgres/wire-connection.ts";
import { throwIfAborted } from "../../signal.ts";

/**
 * HTTP where one round trip does, and a WebSocket from the moment that something needs a session: a transaction that stays
 * open, a stream, a setting.
 */
export class NeonConnection implements DriverConnection {
  readonly setup: readonly Statement[];
  readonly #http: HttpConnection;
  readonly #openSocket: (signal: AbortSignal | undefined) => Promise<WireConnection>;
  #socket: WireConnection | undefined;
  /** How much of what HTTP was set up with the socket has, too. */
  #carried = 0;
  #isReused = false;
  #isClosed = false;

  constructor(http: HttpConnection, openSocket: (signal: AbortSignal | undefined) => Promise<WireConnection>) {
    this.#http = http;
    this.setup = http.setup;
    this.#openSocket = openSocket;
  }

  get raw(): unknown {
    return this.#socket?.raw ?? this.#http.raw;
  }

  get state(): DriverConnection["state"] {
    return this.#isClosed ? "closed" : (this.#socket?.state ?? "idle");
  }

  get isReusable(): boolean {
    return !this.#isClosed && (this.#socket?.isReusable ?? true);
  }

  get hasSessionState(): boolean | undefined {
    return this.#socket?.hasSessionState;
  }

  renew(): void {
    this.#isReused = true;
    this.#http.renew();
    this.#socket?.renew();
  }

  hold(isHeld: boolean): void {
    this.#socket?.hold(isHeld);
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    throwIfAborted(signal);
    this.#checkOpen();
    try {
      return await (this.#needsSocket(flight.steps)
        ? this.#sendSocket(flight, signal)
        : this.#http.send(flight, signal));
    } catch (error) {
      // Without its socket it is useless to a caller that needs one; a new connection is as good.
      if (isDbError(error, "CONNECT_FAILED")) this.#isClosed = true;
      if (!isDbError(error, "AUTH_FAILED")) throw error;
      // The next connection asks for the URL again: it may have another password by now.
      this.#isClosed = true;
      throw this.#isReused ? gone("the login is now refused", error) : error;
    } finally {
      if (this.#socket?.state === "closed" || this.#http.state === "closed") this.#isClosed = true;
    }
  }

  stream(statement: Statement, options: StreamOptions): RowStream {
    let stream: RowStream | undefined;
    const open = async (): Promise<RowStream> => {
      this.#checkOpen();
      await this.#sendSocket({ steps: [] }, options.signal);
      return this.#socket!.stream(statement, options);
    };
    return {
      next: async (): Promise<IteratorResult<RowBatch, void>> => (stream ??= await open()).next(),
      return: async (): Promise<void> => stream?.return(),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#socket?.close();
  }

  #checkOpen(): void {
    const socket = this.#socket;
    // One that died while it was idle, and held nothing, is not missed.
    if (socket?.state === "closed" && !socket.hasState) {
      this.#socket = undefined;
      void socket.close();
    }
    if (this.#isClosed) throw gone("this connection was closed");
  }

  #needsSocket(steps: readonly Step[]): boolean {
    if (this.#socket && (this.#socket.state !== "idle" || this.#socket.hasState)) return true;
    const kinds = steps.map(({ kind }) => kind).join(" ");
    if (/begin(?!( query)* commit)/.test(kinds)) return true;
    return steps.some((step) => step.kind === "query" && !isSetup(step) && refusalOf(step.statement) !== undefined);
  }

  /** Sends a flight over the WebSocket, which is opened for it; and ahead of it, what was only set up over HTTP so far. */
  async #sendSocket(flight: Flight, signal: AbortSignal | undefined): Promise<StepOutcome[]> {
    const socket = (this.#socket ??= await this.#open(signal));
    const ahead = this.#http.carried.slice(this.#carried).map(toSetupStep);
    await this.#http.send({ steps: flight.steps.filter(isSetup) });
    this.#carried = this.#http.carried.length;
    const outcomes = await socket.send({ ...flight, steps: [...ahead, ...flight.steps] }, signal);
    const failed = outcomes.slice(0, ahead.length).find(({ status }) => status === "failed");
    if (!failed) return outcomes.slice(ahead.length);
    await this.close();
    throw (failed as Extract<StepOutcome, { status: "failed" }>).error;
  }

  async #open(signal: AbortSignal | undefined): Promise<WireConnection> {
    const socket = await this.#openSocket(signal);
    this.#carried = 0;
    if (!this.#isClosed) return socket;
    await socket.close();
    throw gone("this connection was closed");
  }
}

function toSetupStep(statement: Statement): Step {
  return { kind: "query", statement, guarded: false, onError: "stop", isSetup: true };
}
