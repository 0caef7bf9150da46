/** `request, env, ctx` of a Worker, or the one context of a Pages function. */
export type EventArguments = readonly [event: object, env?: unknown, context?: object];

/** What a handler is called with. */
export interface Invocation {
  /** A Request, or what a scheduled event, a queue or an email comes as; in Pages, the context. */
  readonly event: object;
  readonly env: unknown;
  readonly context: object;
  readonly request: object;
}

export function toInvocation([event, env, context]: EventArguments): Invocation {
  if (context) return { event, env, context, request: event };
  // Pages have one context, which holds all of it.
  const { request = event, env: own = env } = event as Partial<Invocation>;
  return { event, env: own, context: event, request };
}
