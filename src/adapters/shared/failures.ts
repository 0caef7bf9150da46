import { DbError, type Outcome } from "../../errors.ts";

export interface Fate {
  readonly outcome?: Outcome;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

/** What may happen to a connection that leads over a network, as errors. */
export interface Failures {
  /** A failure of the connection, not of a statement. */
  readonly failed: (code: "CONNECT_FAILED" | "AUTH_FAILED" | "CONNECTION_LOST", message: string, fate?: Fate) => DbError;
  /** The connection is gone, and nothing of this flight stays: it may leave again on another one. */
  readonly gone: (message: string, cause?: unknown) => DbError;
  /** No answer, or none that can be read: what was sent may have been executed. */
  readonly unknown: (message: string, cause?: unknown) => DbError;
}

/**
 * Makes the errors of a connection.
 *
 * @param adapter - its name, for `details.adapter`.
 * @example
 * throw failuresOf("my-db").unknown("the socket closed", cause); // CONNECTION_LOST, outcome `unknown`
 */
export function failuresOf(adapter: string): Failures {
  const failed: Failures["failed"] = (code, message, { cause, ...fate } = {}) =>
    new DbError(code, message, { adapter }, cause === undefined ? fate : { ...fate, cause });
  return {
    failed,
    gone: (message, cause) => failed("CONNECTION_LOST", message, { retryable: true, cause }),
    unknown: (message, cause) => failed("CONNECTION_LOST", message, { outcome: "unknown", retryable: true, cause }),
  };
}

/**
 * The database has ended the transaction behind the session's back.
 *
 * @example
 * if (!driver.isInTransaction) throw transactionLost(sql, cause);
 */
export function transactionLost(sql: string, cause?: unknown): DbError {
  const message = "the transaction has ended: roll back, then begin again";
  return new DbError("TRANSACTION_LOST", message, { sql }, { cause, retryable: true });
}
