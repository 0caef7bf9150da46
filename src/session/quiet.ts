// A rejection that isopool itself causes, since the session around it has ended, must not end the process when nobody
// listens: whoever awaits the session is told already.

const quiet = new WeakSet<Promise<unknown>>();

/** Makes a promise's rejection nobody's duty. */
export function settleQuietly(promise: Promise<unknown>): void {
  quiet.add(promise);
  void promise.catch(() => undefined);
}

export function isQuiet(promise: Promise<unknown>): boolean {
  return quiet.has(promise);
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
