import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpFailure, ProtocolFailure } from "./failures.ts";
import type { SeenRequest } from "./options.ts";
import type { Profile } from "./profile.ts";
import type { WireBody } from "./wire.ts";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, authorization",
  "access-control-allow-methods": "*",
};

/** One HTTP request and its answer. */
export class Exchange {
  readonly seen: { -readonly [Name in keyof SeenRequest]: SeenRequest[Name] };
  /** `undefined` when it is no JSON. */
  body: WireBody | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const { method = "", url = "/", headers } = request;
    const { pathname: path } = new URL(url, "http://localhost");
    const { authorization } = headers;
    this.seen = { method, path, types: [], sql: [], hasBaton: false, authorization, status: "open" };
    this.#request = request;
    this.#response = response;
  }

  async read(): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#request) chunks.push(chunk as Buffer);
    try {
      this.body = JSON.parse(Buffer.concat(chunks).toString()) as WireBody;
    } catch {
      return;
    }
    const { requests = [], batch, baton } = this.body;
    const batches = requests.flatMap((request) => (request.type === "batch" ? request.batch : []));
    const steps = (batch ? [...batches, batch] : batches).flatMap((each) => each.steps);
    const texts = [...requests, ...steps].map((part) => ("stmt" in part ? part.stmt.sql : "sql" in part && part.sql));
    this.seen.types = batch ? ["cursor"] : requests.map(({ type }) => type);
    this.seen.sql = texts.filter((text) => typeof text === "string");
    this.seen.hasBaton = typeof baton === "string";
  }

  answer(status: number, body: unknown, contentType = "application/json"): void {
    this.seen.status = status;
    this.#response.writeHead(status, { ...CORS, "content-type": contentType });
    this.#response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  /** Answers with what went wrong. */
  fail(error: unknown, profile: Profile): void {
    const { message } = error as Error;
    if (error instanceof ProtocolFailure) {
      const { body, contentType } = profile.protocolAnswer(message);
      this.answer(400, body, contentType);
    } else if (error instanceof HttpFailure) {
      this.answer(error.status, error.code === undefined ? { error: message } : { message, code: error.code });
    } else this.answer(500, { error: message });
  }

  /** Never answers; `isReset`: and hangs up. */
  forsake(how: string, isReset: boolean): void {
    this.seen.status = how;
    if (isReset) this.#request.socket.destroy();
  }

  /** Begins an answer of one JSON value a line. */
  begin(): void {
    this.seen.status = 200;
    this.#response.writeHead(200, { ...CORS, "content-type": "text/plain" });
  }

  /** False when the reader has left. */
  async line(value: unknown): Promise<boolean> {
    if (this.#response.destroyed) return false;
    if (this.#response.write(`${JSON.stringify(value)}\n`)) return true;
    const settled = new AbortController();
    const { signal } = settled;
    const waits = ["drain", "close"].map((name) => once(this.#response, name, { signal }).catch(() => undefined));
    await Promise.race(waits);
    settled.abort();
    return !this.#response.destroyed;
  }

  end(): void {
    this.#response.end();
  }
}
