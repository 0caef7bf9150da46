import type { Statement } from "../../contract/statement.ts";
import { DbError, type ErrorDetails, type QueryFailureKind } from "../../errors.ts";
import { cover, showsValues } from "./messages.ts";
import type { ServerError } from "./wire.ts";

// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const KINDS: Readonly<Record<string, QueryFailureKind>> = {
  "23505": "unique",
  "23503": "foreign-key",
  // Of RESTRICT, from PostgreSQL 18 on.
  "23001": "foreign-key",
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

/**
 * What the server said about a statement.
 *
 * @param error - the fields of its ErrorResponse, as `pg` and Neon name them.
 * @example
 * throw toDbError(thrown as ServerError, statement, values);
 */
export function toDbError(error: ServerError, { text: sql }: Statement, values: readonly unknown[] = []): DbError {
  const code = error.code ?? undefined;
  const kind = KINDS[code ?? ""] ?? "other";
  const show = (words: string): string => (showsValues(error) ? cover(words, sql, values) : words);
  const shown = show(error.message);
  const details = { kind, sql, dialectCode: code, ...placeOf(error, sql, show) };
  return new DbError("QUERY_FAILED", shown, details, {
    cause: new Error(`${code ?? "error"}: ${shown}`),
    retryable: kind === "busy" || kind === "serialization" || kind === "deadlock",
  });
}

/** What it is about, as far as the server tells. */
function placeOf(
  error: ServerError,
  sql: string,
  show: (words: string) => string,
): Partial<ErrorDetails["QUERY_FAILED"]> {
  const { constraint, table, schema, dataType, column, hint } = error;
  const position = positionOf(error, sql);
  // Of a key, the names; never the values behind them. An expression in it has no name. One that is still referenced is not of
  // the table that is told.
  const [, key = column] = /^Key \(([^()=]+)\)=(?![^]* is (?:still )?referenced from )/.exec(error.detail ?? "") ?? [];
  const columns = key?.split(", ").map((name) => name.replace(/^"(.*)"$/, "$1"));
  const told = { position, constraint, table, columns, schema, dataType, hint: hint && show(hint) };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined && value !== null));
}

/** From 0, in JavaScript's units: PostgreSQL counts characters, from 1. */
export function positionOf({ position }: ServerError, sql: string): number | undefined {
  if (!position) return undefined;
  return Array.from(sql)
    .slice(0, Number(position) - 1)
    .join("").length;
}

/** What only a session of one's own can have. */
export function needsSession(remedy: string, sql: string): DbError {
  return new DbError("QUERY_FAILED", remedy, { kind: "other", sql, dialectCode: undefined });
}

export function needsNoSettings(sql: string): DbError {
  return needsSession("settings need a transaction, and this statement cannot run in one: send it without", sql);
}
