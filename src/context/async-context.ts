import type { ContextProvider, Frame } from "../contract/context.ts";
import { ambient, type AmbientOptions } from "./ambient.ts";

/** What isopool needs of the AsyncContext proposal. Source: https://github.com/tc39/proposal-async-context */
export interface AsyncContextLike {
  readonly Variable: new () => { get(): unknown; run<R>(value: unknown, work: () => R): R };
}

/**
 * Keeps the current session in an `AsyncContext.Variable`: engines that have the proposal, or a polyfill of it.
 * All databases that are given the same namespace share one variable.
 *
 * @param AsyncContext - the namespace object.
 * @throws TypeError for anything without a `Variable`.
 * @example
 * const db = createDatabase(url, { adapters, context: asyncContext(AsyncContext) });
 */
export function asyncContext(AsyncContext: AsyncContextLike, options: AmbientOptions = {}): ContextProvider {
  const { Variable } = AsyncContext ?? {};
  if (typeof Variable !== "function")
    throw new TypeError(
      `Expected the namespace \`AsyncContext\` with its \`Variable\`, got \`${typeof AsyncContext}\``,
    );
  return ambient("asyncContext", Variable, () => storageOf(Variable), options);
}

function storageOf(Variable: AsyncContextLike["Variable"]) {
  const variable = new Variable();
  return {
    current: () => variable.get() as Frame | undefined,
    run: <T>(frame: Frame | undefined, work: () => T) => variable.run(frame, work),
  };
}
