import { DbError } from "../errors.ts";

/** The error for what waits for a transaction that, most likely, waits for it in turn. */
export function turnError(timeoutMs: number): DbError {
  const message = `waited ${timeoutMs} ms for a nested transaction: use the session that its work received`;
  return new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] });
}
