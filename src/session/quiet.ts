// A rejection that isopool itself causes, since the session around it has ended, must not end the process when nobody
// listens: the caller that awaits the session gets the error anyway.

import { isDbError } from "../errors.ts";
import type { Scope } from "./scope.ts";

const quiet = new WeakSet<Promise<unknown>>();

/** Marks a promise's rejection as handled. */
export function settleQuietly(promise: Promise<unknown>): void {
  quiet.add(promise);
  void promise.catch(() => undefined);
}

/** A rejection for what was asked too late: quiet where the session was given up or failed, which was reported there. */
export function refused<T>(error: unknown, { over }: Scope): Promise<T> {
  const refusing = async (): Promise<T> => {
    throw error;
  };
  const promise = refusing();
  // Asked while it ends, by a part of it that is still running, is no mistake either.
  if (over && (over.cause || over.stage === "ending")) settleQuietly(promise);
  return promise;
}

/** What comes of a promise, as quiet as that. */
export function follow<T, R>(promise: Promise<T>, finish: (value: T) => R | PromiseLike<R>): Promise<R> {
  const handed: Promise<R> = promise.then(finish, (error: unknown) => {
    if (quiet.has(promise)) settleQuietly(handed);
    throw error;
  });
  return handed;
}

/** Hands a promise out so that a rejection which the end of its scope has caused is quiet. */
export function quietly<T>(promise: Promise<T>, scope: Scope): Promise<T> {
  const handed: Promise<T> = promise.catch((error: unknown) => {
    if (isOfEnd(error, scope)) settleQuietly(handed);
    throw error;
  });
  return handed;
}

function isOfEnd(error: unknown, scope: Scope): boolean {
  const { over } = scope;
  if (!over) return false;
  // Of a commit in flight that was given up, nobody knows what became of it.
  if (isDbError(error, "COMMIT_UNKNOWN")) return isOfEnd(error.cause, scope);
  // The failure of a close() is for its own caller alone.
  return isDbError(error, "SESSION_CLOSED") || (error === over.cause?.error && !over.cause?.isClose);
}
