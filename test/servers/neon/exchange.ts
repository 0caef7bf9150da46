import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HttpFailure } from "./failures.ts";
import type { SeenRequest } from "./options.ts";

/** Neon's own list, proxy/src/serverless/mod.rs: `Neon-Batch-Deferrable` is not on it. */
const PREFLIGHT = {
  allow: "OPTIONS, POST",
  "access-control-allow-origin": "*",
  "access-control-allow-headers":
    "Authorization, Neon-Connection-String, Neon-Raw-Text-Output, Neon-Array-Mode, Neon-Pool-Opt-In, Neon-Batch-Read-Only, Neon-Batch-Isolation-Level",
  "access-control-max-age": "86400",
};

/** A `POST /sql` and its answer. */
export class Exchange {
  readonly seen: { -readonly [Name in keyof SeenRequest]: SeenRequest[Name] };
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.seen = {
      via: "http",
      tunnel: undefined,
      sql: [],
      params: [],
      messages: "",
      isBatch: false,
      headers: request.headers as Record<string, string>,
      path: request.url ?? "/",
      isFlight: true,
      status: "open",
    };
  }

  get socket(): Duplex {
    return this.#request.socket;
  }

  /** @throws HttpFailure 413, after all of it was read. */
  async read(maxBytes: number): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.#request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
    }
    if (size > maxBytes) throw new HttpFailure(413, `request is too large (max is ${maxBytes} bytes)`);
    return Buffer.concat(chunks).toString();
  }

  answerPreflight(): void {
    this.#response.writeHead(200, PREFLIGHT).end();
  }

  answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.seen.status = status;
    this.#begin(status, text(body), headers).end(text(body));
  }

  /** Half of the answer, and then a reset. */
  truncate(body: unknown): void {
    this.seen.status = "truncate";
    const whole = text(body);
    this.#begin(200, whole, {}).write(whole.slice(0, whole.length / 2), () => this.#request.socket.destroy());
  }

  /** Never answers; `isReset`: and hangs up. */
  forsake(how: string, isReset: boolean): void {
    this.seen.status = how;
    if (isReset) this.#request.socket.destroy();
  }

  /** Told when the client hangs up before it has its answer. */
  onLeave(listener: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) listener();
    });
  }

  #begin(status: number, whole: string, headers: Readonly<Record<string, string>>): ServerResponse {
    return this.#response.writeHead(status, {
      "access-control-allow-origin": "*",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(whole),
      "neon-request-id": randomUUID(),
      ...headers,
    });
  }
}

function text(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
