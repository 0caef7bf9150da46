import { DbError } from "../../errors.ts";
import type { ServerError } from "../postgres/wire.ts";
import { failed, redact, saysNoRoom, toConnectError, unknown, messageOf } from "./errors.ts";

/** An error of PostgreSQL's about one of the statements of a request. */
export class StatementFailure extends Error {
  readonly failure: ServerError;

  constructor(failure: ServerError) {
    super(failure.message);
    this.failure = failure;
  }
}

const UNCONNECTED =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_\w+|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|getaddrinfo|DNS)\b/;
// The handshake failed, or the platform has sent nothing, as it says: the next one will not fare better.
const UNTRUSTED = /cert|EPROTO|UNABLE_TO_|ERR_SSL|ERR_TLS|\bTLS\b|subrequests/i;

/**
 * What a failed request means. The driver tells some of it by text alone: an HTTP status, and the JSON of the answer.
 *
 * @returns a StatementFailure where PostgreSQL spoke about a statement.
 */
export function toHttpError(thrown: unknown, secrets: readonly (string | undefined)[], sql: string): Error {
  const words = redact(messageOf(thrown, "request"), secrets);
  const { code, sourceError, name } = Object(thrown) as { code?: string; sourceError?: unknown; name?: string };
  const cause = new Error(words);
  if (sourceError !== undefined) return toNetworkError(redact(rootCauseOf(sourceError), secrets), cause);
  if (words.startsWith("Error getting auth token"))
    return failed("AUTH_FAILED", "`authToken` failed: nothing was sent", { cause });
  const [, status, body = ""] = /^Server error \(HTTP status (\d+)\): ([^]*)$/.exec(words) ?? [];
  if (status !== undefined) return toStatusError(Number(status), body, sql);
  if (name !== "NeonDbError") return unknown("the server's answer is unreadable: is the endpoint right?", cause);
  if (typeof code === "string") return toServerError(Object.assign(thrown as ServerError, { message: words }));
  // Neon's proxy itself spoke, and has reached no database.
  if (/unexpected message from server/.test(words)) return unknown(words, cause);
  return toConnectError(words, cause);
}

function toServerError(error: ServerError): Error {
  const { code = "", message } = error;
  if (/^(3D000|28)/.test(code ?? "")) return toConnectError(message, new Error(`${code}: ${message}`));
  if (/^(57P0|08)/.test(code ?? "") && code !== "08P01") return unknown(message, new Error(`${code}: ${message}`));
  return new StatementFailure(error);
}

function toNetworkError(reason: string, cause: Error): DbError {
  const isUntrusted = UNTRUSTED.test(reason);
  return isUntrusted || UNCONNECTED.test(reason)
    ? failed("CONNECT_FAILED", `the server cannot be reached: ${reason}`, { cause, retryable: !isUntrusted })
    : unknown(`the request was sent, but no answer came: ${reason}`, cause);
}

/** The last cause that is told, with its code: fetch itself says nothing more than that it failed. */
function rootCauseOf(error: unknown): string {
  const { code, message, cause, errors } = Object(error) as {
    code?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: readonly unknown[];
  };
  const inner = cause ?? errors?.[0];
  if (inner !== undefined) return rootCauseOf(inner);
  return [code, message].filter((part) => typeof part === "string" && part !== "").join(": ") || "no reason was given";
}

function toStatusError(status: number, body: string, sql: string): DbError {
  const { message, code } = readBody(body);
  const told = `the server answered ${status}${message && `: ${message}`}`;
  const cause = new Error(told);
  if (status === 401 || status === 403) return failed("AUTH_FAILED", told, { cause });
  // A wrong endpoint, or too many requests.
  if (status === 404 || status === 429) return failed("CONNECT_FAILED", told, { cause, retryable: status === 429 });
  // Of a statement whose answer was too large, the work may be done.
  const [remedy, outcome] = status === 413 ? ["send less"] : ["read less, or stream() it", "unknown" as const];
  if (status === 413 || status === 507)
    return new DbError(
      "QUERY_FAILED",
      `${told}: ${remedy}`,
      { kind: "other", sql, dialectCode: String(status) },
      { cause, outcome },
    );
  return saysNoRoom(message) || /^(53|57P03)/.test(code) ? toConnectError(told, cause) : unknown(told, cause);
}

function readBody(text: string): { readonly message: string; readonly code: string } {
  try {
    const { message, code } = Object(JSON.parse(text)) as { message?: unknown; code?: unknown };
    return { message: String(message ?? ""), code: String(code ?? "") };
  } catch {
    return { message: "", code: "" };
  }
}
