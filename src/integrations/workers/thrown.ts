/** What an error came to an answer for, by the event's context or request. */
const thrown: WeakMap<object, unknown> = new WeakMap();

interface App {
  errorHandler?: ((error: unknown, context: Context) => unknown) | undefined;
}

interface Context {
  readonly executionCtx?: object;
  readonly req?: { readonly raw?: object };
}

/** Hono answers by itself what its handlers throw, by an `errorHandler` that may be set later: sees what goes there. */
export function watchErrors(app: App): void {
  let { errorHandler } = app;
  if (typeof errorHandler !== "function") return;
  const watched = (error: unknown, context: Context): unknown => {
    for (const toOwner of [() => context.executionCtx, () => context.req?.raw])
      try {
        thrown.set(toOwner()!, error);
      } catch {
        // There is none.
      }
    return errorHandler!(error, context);
  };
  const set = (own: App["errorHandler"]): void => void (errorHandler = own);
  Object.defineProperty(app, "errorHandler", { get: () => watched, set, configurable: true, enumerable: true });
}

/** Takes what was thrown in an event, and answered. */
export function takeThrown(...owners: readonly object[]): unknown {
  const error = owners.map((owner) => thrown.get(owner)).find((each) => each !== undefined);
  for (const owner of owners) thrown.delete(owner);
  return error;
}
