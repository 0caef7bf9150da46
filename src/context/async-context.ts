import type { ContextProvider, Frame } from "../contract/context.ts";

/** What isopool needs of the AsyncContext proposal. Source: https://github.com/tc39/proposal-async-context */
export interface AsyncContextLike {
  readonly Variable: new () => { get(): unknown; run<R>(value: unknown, work: () => R): R };
}

/**
 * Keeps the current session in an `AsyncContext.Variable`: engines that have the proposal, or a polyfill of it.
 *
 * @param AsyncContext - the namespace object.
 */
export function asyncContext(AsyncContext: AsyncContextLike): ContextProvider {
  const variable = new AsyncContext.Variable();
  return {
    name: "asyncContext",
    absenceProves: true,
    current: () => variable.get() as Frame | undefined,
    run: (frame, work) => variable.run(frame, work),
  };
}
