import type { Statement } from "../../contract/statement.ts";
import { DbError, type QueryFailureKind } from "../../errors.ts";
import { type Failures, failuresOf } from "../shared/failures.ts";
import { scrub } from "../shared/scrub.ts";
import type { ServerError } from "./driver.ts";

const failures: Failures = failuresOf("neon");
export const failed: Failures["failed"] = failures.failed;
export const gone: Failures["gone"] = failures.gone;
export const unknown: Failures["unknown"] = failures.unknown;

export function unsupported(wanted: string): DbError {
  return new DbError("TRANSACTION_UNSUPPORTED", `neon has no ${wanted}`, { adapter: "neon", wanted });
}

/** What needs a session of its own, over HTTP, where every request has another one. */
export function needsSession(sql: string): DbError {
  const remedy =
    'nothing of a session outlives a request over HTTP: use `setup`, SET LOCAL in a batch, or `transport: "auto"`';
  return new DbError("QUERY_FAILED", remedy, { kind: "other", sql, dialectCode: undefined });
}

// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const KINDS: Readonly<Record<string, QueryFailureKind>> = {
  "23505": "unique",
  "23503": "foreign-key",
  "23502": "not-null",
  "23514": "check",
  "42601": "syntax",
  "40001": "serialization",
  "40P01": "deadlock",
  "55P03": "busy",
  "57014": "timeout",
  "25006": "permission",
  "42501": "permission",
  "08P01": "parameter",
  "42P18": "parameter",
};

/** What the server said about a statement. */
export function toDbError(error: ServerError, statement: Statement, values: readonly unknown[] = []): DbError {
  const { text: sql } = statement;
  const code = error.code ?? undefined;
  const kind = KINDS[code ?? ""] ?? "other";
  const shown = scrub(error.message, values);
  const position = positionOf(error, sql);
  const details = { kind, sql, dialectCode: code, ...(position !== undefined && { position }) };
  return new DbError("QUERY_FAILED", shown, details, {
    cause: new Error(`${code ?? "error"}: ${shown}`),
    retryable: kind === "busy" || kind === "serialization" || kind === "deadlock",
  });
}

/** From 0, in JavaScript's units: PostgreSQL counts characters, from 1. */
export function positionOf({ position }: ServerError, sql: string): number | undefined {
  if (!position) return undefined;
  return Array.from(sql)
    .slice(0, Number(position) - 1)
    .join("").length;
}

/**
 * What a refusal at the start means. Neon's proxy tells them all by one SQLSTATE over WebSocket, and by none over HTTP: the
 * words decide.
 */
export function toConnectError(words: string, cause?: Error): DbError {
  if (/authentication|jwt|token|signature|invalid compact form|role .* does not exist|no pg_hba/i.test(words))
    return failed("AUTH_FAILED", `${words}: are endpoint, user and password right?`, { cause });
  const isFinal = /does not exist|exceeded|quota|not found|permission denied/i.test(words);
  return failed("CONNECT_FAILED", words, { cause, retryable: !isFinal });
}

/** The words of whatever a WebSocket, a fetch or the driver has thrown: not all of them throw errors. */
export function wordsOf(thrown: unknown): string {
  const { message, error } = Object(thrown) as { message?: unknown; error?: { message?: unknown } };
  const words = message || error?.message;
  return typeof words === "string" ? words : "the WebSocket failed, and does not tell why";
}

/** Takes secrets out of what others say. */
export function redact(words: string, secrets: readonly (string | undefined)[]): string {
  return secrets.reduce<string>(
    (rest, secret) => (secret ? rest.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret), "…") : rest),
    words,
  );
}
