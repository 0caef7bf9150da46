// `using` and `await using`: the engine disposes of a resource at the end of its block, where the context may be lost.
// It is given an envelope instead, which is back in the context for the call. Source: the proposal's own steps,
// https://tc39.es/proposal-explicit-resource-management/#sec-createdisposableresource

import { toAwaited } from "./awaited.ts";
import { inContext } from "./carried.ts";
import type { Frame } from "./frame.ts";

type Dispose = (this: unknown) => unknown;
type Resource = Partial<Record<symbol, unknown>> | null | undefined;

// Made up by those who lower `using`, where the engine has none.
const symbolOf = (name: "dispose" | "asyncDispose"): symbol =>
  (Symbol as unknown as Record<string, symbol | undefined>)[name] ?? Symbol.for(`Symbol.${name}`);

/** `using`: disposed of in the context of `frame`. */
export function resource(frame: Frame, value: Resource): object | undefined {
  if (value == null) return undefined;
  const dispose = methodOf(value, "dispose");
  return { [symbolOf("dispose")]: () => inContext(frame.context, dispose, value, []) };
}

/** `await using`: disposed of in the context of `frame`, which leaves while that is awaited. */
export function asyncResource(frame: Frame, value: Resource): object {
  const isAsync = value != null && value[symbolOf("asyncDispose")] != null;
  const dispose = value == null ? undefined : methodOf(value, isAsync ? "asyncDispose" : "dispose");
  return {
    [symbolOf("asyncDispose")]: () => {
      frame.c();
      let answer: unknown;
      try {
        answer = dispose?.call(value);
      } finally {
        frame.l(undefined);
      }
      // What a plain `dispose` gives is not awaited.
      return isAsync ? toAwaited(answer, frame.context) : undefined;
    },
  };
}

function methodOf(value: NonNullable<Resource>, name: "dispose" | "asyncDispose"): Dispose {
  const method = value[symbolOf(name)];
  if (typeof method !== "function") throw new TypeError("Expected the value of a `using` declaration to be disposable");
  return method as Dispose;
}
