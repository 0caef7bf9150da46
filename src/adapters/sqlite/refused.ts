import type { Statement } from "../../contract/statement.ts";
import { DbError, isDbError } from "../../errors.ts";
import { scrub } from "../shared/scrub.ts";
import { toFailure } from "./failure.ts";
import { bindSqlite } from "./values.ts";

/**
 * What SQLite said about a statement, as an error of isopool: its kind is read from SQLite's message, and a message that may
 * repeat a parameter's value is scrubbed.
 *
 * @param thrown - what the driver threw. A `code` such as `SQLITE_CONSTRAINT_UNIQUE` becomes `details.extendedCode`.
 * @example
 * toSqliteError(new Error("UNIQUE constraint failed: item.name"), statement).details.kind; // "unique"
 */
export function toSqliteError(thrown: unknown, statement: Statement): DbError<"QUERY_FAILED"> {
  const { text: sql } = statement;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const failure = toFailure(message);
  const shown = failure ? message : scrub(message, bindSqlite(statement).values);
  const { code } = Object(thrown) as { code?: unknown };
  const extended = typeof code === "string" && /^SQLITE_[A-Z]+_/.test(code) ? { extendedCode: code } : {};
  const position = failure?.kind === "syntax" ? placeOf(message, sql) : undefined;
  return new DbError(
    "QUERY_FAILED",
    shown,
    {
      kind: "other",
      dialectCode: undefined,
      sql,
      ...failure,
      ...extended,
      ...(position !== undefined && { position }),
    },
    {
      cause: shown === message ? thrown : new Error(shown),
      retryable: failure?.kind === "busy",
      // What an OR FAIL had changed before it failed stays.
      outcome: /\bfail\b/i.test(sql) ? "unknown" : "not-executed",
    },
  );
}

/** The same failure of a statement that may have left something. */
export function toUnknown(error: Error): Error {
  if (!isDbError(error, "QUERY_FAILED")) return error;
  const { code, message, details, retryable, cause } = error;
  return new DbError(code, message.slice(code.length + 2), details, { cause, retryable, outcome: "unknown" });
}

// SQLite names the token and not the place: known where it stands only once.
function placeOf(message: string, sql: string): number | undefined {
  const token = /"([^]*)"/.exec(message)?.[1];
  if (!token) return sql.length;
  const first = sql.indexOf(token);
  return first >= 0 && first === sql.lastIndexOf(token) ? first : undefined;
}
