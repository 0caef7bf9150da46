// A rejection that isopool itself causes, since the session around it has ended, must not end the process when nobody
// listens: whoever awaits the session is told already.

import type { Scope } from "./scope.ts";

const quiet = new WeakSet<Promise<unknown>>();

/** Makes a promise's rejection nobody's duty. */
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
  if (over?.cause) settleQuietly(promise);
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

/**
 * Hands a promise out so that a rejection that isopool itself has caused is quiet.
 *
 * @param isOurs - whether it is one.
 */
export function quietly<T>(promise: Promise<T>, isOurs: (error: unknown) => boolean): Promise<T> {
  const handed: Promise<T> = promise.catch((error: unknown) => {
    if (isOurs(error)) settleQuietly(handed);
    throw error;
  });
  return handed;
}
