import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { failuresOf } from "../shared/failures.ts";
import { platformRefusal } from "../shared/platform.ts";
import { toSqliteError } from "../sqlite/refused.ts";
import { toSqliteWords } from "../sqlite/workerd-values.ts";

export const NAME = "d1";

const failures = failuresOf(NAME);

/** D1's own words for a request that it did not begin. */
const OVERLOADED = /overloaded|too many requests|queued for too long/i;
/** SQLite's, or D1's for what it refuses by itself. */
const OF_STATEMENT =
  /: SQLITE_\w+|FOREIGN KEY constraint failed|^(?:Error: )?D1_(?:TYPE|COLUMN_NOTFOUND)_?ERROR|^(?:Error: )?D1_COLUMN/;

/** What D1 said about one of the statements of a request, as SQLite says it. */
export function toStatementError(thrown: unknown, statement: Statement): DbError<"QUERY_FAILED"> {
  const words = toSqliteWords(thrown);
  // It resets itself where a key is broken at the end of a transaction: all of it is taken back.
  const key = /FOREIGN KEY constraint failed/.exec(String(words));
  return toSqliteError(key ? Object.assign(new Error(key[0]), { cause: thrown }) : words, statement);
}

/** Whether it is about a statement, and not about the request. */
export function isOfStatement(thrown: unknown): boolean {
  return OF_STATEMENT.test(String(thrown));
}

/** @param isRead - the request wrote nothing. */
export function toRequestError(thrown: unknown, isRead: boolean): DbError {
  const refusal = platformRefusal(thrown);
  if (refusal !== undefined)
    return failures.failed("CONNECTION_LOST", `nothing was sent to D1: ${refusal}`, { cause: thrown });
  if (OVERLOADED.test(String(thrown))) {
    const details = { kind: "busy", sql: "", dialectCode: undefined } as const;
    return new DbError("QUERY_FAILED", "D1 is overloaded", details, { cause: thrown, retryable: true });
  }
  const message = "D1 did not answer: see `cause`";
  return isRead ? failures.gone(message, thrown) : failures.unknown(message, thrown);
}

export function closed(): DbError {
  return failures.gone("this connection was closed");
}

/** What was read in the transaction is no longer so. */
export function changedMeanwhile(sql: string, cause: unknown): DbError<"QUERY_FAILED"> {
  const message = "what this query has read was changed by others in the meantime: nothing was done, do the work again";
  return new DbError(
    "QUERY_FAILED",
    message,
    { kind: "serialization", sql, dialectCode: undefined },
    { cause, retryable: true },
  );
}

/** What D1 cannot have in a transaction, before it is sent. */
export function unsupported(wanted: string, remedy: string): DbError<"TRANSACTION_UNSUPPORTED"> {
  const message = `d1 has no ${wanted}: the writes of a transaction leave at COMMIT, as one request; ${remedy}`;
  return new DbError("TRANSACTION_UNSUPPORTED", message, { adapter: NAME, wanted });
}
