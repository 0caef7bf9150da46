import { DbError, type Outcome } from "../../errors.ts";
import { scrub } from "../shared/scrub.ts";
import { toFailure } from "../sqlite/failure.ts";
import { scan } from "../sqlite/scan.ts";
import type { DriverValue, SqlJsDatabase } from "./driver.ts";

export function connectFailed(message: string, cause?: unknown): DbError {
  return new DbError("CONNECT_FAILED", message, { adapter: "sql-js" }, { cause });
}

export function connectionLost(cause?: unknown, outcome: Outcome = "not-executed"): DbError {
  return new DbError("CONNECTION_LOST", "the connection was closed", { adapter: "sql-js" }, { cause, outcome });
}

/** sql.js throws strings as well as errors, and has no codes. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A BEGIN was refused because a transaction is open. */
export function isWithin(error: unknown): boolean {
  return /within a transaction/.test(messageOf(error));
}

/** Whether the engine is gone: closed by somebody who held it, or broken inside. */
export function isLost(db: SqlJsDatabase, error?: unknown): boolean {
  // A trap of WebAssembly, or a stack that ran over inside of it: what is in its memory can no longer be trusted.
  if (/^(Runtime|Internal)Error|^RangeError.*call stack/.test(String(error))) return true;
  try {
    db.exec("");
    return false;
  } catch {
    return true;
  }
}

/** What the database said about a statement. */
export function toDbError(error: unknown, sql: string, values: readonly DriverValue[], db: SqlJsDatabase): DbError {
  const message = messageOf(error);
  const failure = toFailure(message);
  const shown = failure ? message : scrub(message, values);
  const position = failure?.kind === "syntax" && { position: findPosition(message, sql, db) };
  return new DbError(
    "QUERY_FAILED",
    shown,
    { kind: "other", dialectCode: undefined, sql, ...failure, ...position },
    {
      cause: shown === message ? error : new Error(shown),
      retryable: failure?.kind === "busy",
      outcome: mayStay(message, sql, db) ? "unknown" : "not-executed",
    },
  );
}

/** What a FAIL had changed stays: it stands in the statement, or in the table or a trigger, where only the count of changes tells it. */
function mayStay(message: string, sql: string, db: SqlJsDatabase): boolean {
  if (/\bfail\b/i.test(sql)) return true;
  // Of a statement that was refused before its first step, the count is that of another one.
  return scan(sql).isWrite && db.getRowsModified() > 0 && !isRefused(sql, message, db);
}

/** Where SQLite stopped reading. It names the token but not the place: that is where the text, cut there, is refused first. */
function findPosition(message: string, sql: string, db: SqlJsDatabase): number {
  const token = /"([^]*)"/.exec(message)?.[1] ?? "";
  let low = 0;
  // A pragma acts while it is prepared: such a text is not tried in parts.
  for (let high = scan(sql).leavesState ? 0 : sql.length; low < high;) {
    const middle = (low + high) >> 1;
    // Not in the middle of a word: that would be another token.
    const [rest] = /^\w*/.exec(sql.slice(middle))!;
    if (isRefused(sql.slice(0, middle) + rest, message, db)) high = middle;
    else low = middle + 1;
  }
  // "incomplete input" names none.
  return token ? sql.indexOf(token, low - token.length) : sql.length;
}

function isRefused(sql: string, message: string, db: SqlJsDatabase): boolean {
  try {
    db.prepare(sql).free();
  } catch (error) {
    return messageOf(error) === message;
  }
  return false;
}
