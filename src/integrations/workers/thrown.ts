/** What a request's handler has thrown, where a framework has made an answer of it. */
export const thrown: WeakMap<object, unknown> = new WeakMap();

interface App {
  errorHandler?: ((error: unknown, context: { readonly req: { readonly raw: object } }) => unknown) | undefined;
}

/** Hono answers by itself what its handlers throw, by an `errorHandler` that may be set later: sees what goes there. */
export function watchErrors(app: App): void {
  let { errorHandler: own } = app;
  if (typeof own !== "function") return;
  const watched: typeof own = (error, context) => {
    thrown.set(context.req.raw, error);
    return own!(error, context);
  };
  Object.defineProperty(app, "errorHandler", {
    get: () => watched,
    set: (given: typeof own) => {
      own = given;
    },
  });
}
