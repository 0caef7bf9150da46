// Answers and refusals.

import { isDbError } from "../../src/index.ts";
import type { Problem } from "./report.ts";

/** Thrown where a request cannot be served: its transaction is rolled back, and the client is told this. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly fields: Problem["fields"];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { fields?: Problem["fields"]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.fields = options.fields;
    this.headers = options.headers ?? {};
  }
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  return Response.json(body, init);
}

/** Noted where a client has left before its answer: nobody reads it. */
const CLIENT_LEFT = 499;

/** What a client is told of a failure: its own mistakes in full, ours not at all. */
export function refusal(error: unknown, { signal }: Request): Response {
  if (signal.aborted) return json({ error: "The client has disconnected." } satisfies Problem, { status: CLIENT_LEFT });
  if (error instanceof HttpError) {
    const { message, status, fields, headers } = error;
    return json({ error: message, ...(fields && { fields }) } satisfies Problem, { status, headers });
  }
  if (isDbError(error) && error.retryable && error.outcome !== "unknown") {
    return json({ error: "The database is busy; retry." } satisfies Problem, {
      status: 503,
      headers: { "retry-after": "1" },
    });
  }
  console.error(error);
  return json({ error: "Something went wrong, and was logged." } satisfies Problem, { status: 500 });
}

/** Headers of every answer: data, for nobody's cache and nobody's frame. */
export function secure(response: Response, request: Request, allowedOrigin: string | undefined): Response {
  const { headers } = response;
  headers.set("cache-control", "no-store");
  headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  headers.set("cross-origin-resource-policy", allowedOrigin === undefined ? "same-origin" : "cross-origin");
  headers.set("x-content-type-options", "nosniff");
  if (allowedOrigin === undefined) return response;
  headers.append("vary", "origin");
  if (request.headers.get("origin") === allowedOrigin) headers.set("access-control-allow-origin", allowedOrigin);
  return response;
}

/** The answer to a browser that asks whether it may call. */
export function preflight(allow: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow,
      "access-control-allow-methods": allow,
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "86400",
    },
  });
}
