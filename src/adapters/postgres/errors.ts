import type { Statement } from "../../contract/statement.ts";
import { DbError, type QueryFailureKind } from "../../errors.ts";
import { scrub } from "../shared/scrub.ts";
import type { ServerError } from "./wire.ts";

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
