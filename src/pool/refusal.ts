import { DbError, type ErrorDetails } from "../errors.ts";
import type { Holding } from "./deadlock.ts";

// Why a caller gets no connection: what happened, the numbers, what to do.

export function poolTimeout(details: ErrorDetails["POOL_TIMEOUT"], failure: { readonly error: unknown } | undefined): DbError {
  const { waitedMs, max, busy, waiting } = details;
  const hint = failure ? "The last open failed: see the cause." : "Is a connection not released? Else raise max or acquireTimeoutMs.";
  const message = `waited ${waitedMs} ms (max ${max}, busy ${busy}, waiting ${waiting}). ${hint}`;
  return new DbError("POOL_TIMEOUT", message, details, { retryable: true, ...(failure && { cause: failure.error }) });
}

export function poolFull(waiting: number, maxWaiting: number, max: number): DbError {
  const message = `${waiting} wait already (max ${max}, maxWaiting ${maxWaiting}). Try again later, or raise maxWaiting.`;
  return new DbError("POOL_FULL", message, { maxWaiting }, { retryable: true });
}

export function poolClosed(pool: string): DbError {
  return new DbError("POOL_CLOSED", `pool "${pool}" was disposed of, and lends no more.`, { pool });
}

/** @param stack - the caller's; those of the holders are added. */
export function poolDeadlock({ max, entries }: Holding, stack: string | undefined): DbError {
  const stacks = [stack, ...[...entries].map((entry) => entry.stack)].filter((each) => each !== undefined);
  const message = `each of ${max} connections is held by somebody who waits for this caller. Join the outer work with transaction(), or raise max.`;
  return new DbError("POOL_DEADLOCK", message, { max, stacks });
}
