// Errors travel as data: what the platform makes of a thrown one depends on the compatibility date.

import { DbError, type ErrorCode, type ErrorDetails, isDbError, type Outcome } from "../../errors.ts";

export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly cause?: WireError;
  /** Of a DbError; of another error, its own `code`. */
  readonly code?: string;
  /** Of a DbError. */
  readonly details?: unknown;
  readonly retryable?: boolean;
  readonly outcome?: Outcome;
}

const MOST_CAUSES = 3;

export function toWireError(error: unknown, causes: number = MOST_CAUSES): WireError {
  const { name = "Error", message = String(error), cause, code } = Object(error) as Partial<Error & { code: unknown }>;
  const more = cause === undefined || causes === 0 ? {} : { cause: toWireError(cause, causes - 1) };
  if (!isDbError(error)) return { name, message, ...more, ...(typeof code === "string" && { code }) };
  const { details, retryable, outcome } = error;
  return {
    name,
    message: message.slice(error.code.length + 2),
    ...more,
    code: error.code,
    details,
    retryable,
    outcome,
  };
}

export function fromWireError({ name, message, cause, code, details, retryable, outcome }: WireError): Error {
  const more = cause ? { cause: fromWireError(cause) } : {};
  if (outcome)
    return new DbError(code as ErrorCode, message, details as ErrorDetails[ErrorCode], { retryable, outcome, ...more });
  const error = name === "TypeError" ? new TypeError(message, more) : Object.assign(new Error(message, more), { name });
  return code === undefined ? error : Object.assign(error, { code });
}
