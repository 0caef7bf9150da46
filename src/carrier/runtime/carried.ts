import { type Mapping, page } from "./page.ts";

// The engine's own, which async functions return: zone.js puts another class in the place of the global one.
export const Native: PromiseConstructor = (async () => undefined)().constructor as PromiseConstructor;

export function isObject(value: unknown): value is object {
  return typeof value === "object" ? value !== null : typeof value === "function";
}

/** Whether `value` is awaited without anybody's code being run: nothing that could be a thenable, or a plain promise. */
function isNative(value: unknown): boolean {
  if (!isObject(value)) return true;
  return value instanceof Native && value.constructor === Native && Object.getPrototypeOf(value) === Native.prototype;
}

/** Calls `work` with `context` current. */
export function inContext<This, Args extends unknown[], R>(
  context: Mapping,
  work: (this: This, ...args: Args) => R,
  self: This,
  args: Args,
): R {
  const outer = page.current;
  page.current = context;
  try {
    // Not its own `apply`: what stands for a function of a worker would send for that.
    return Reflect.apply<This, Args, R>(work, self, args);
  } finally {
    page.current = outer;
  }
}

/** A thenable whose `then` is called in `context`: the engine calls it from a microtask of its own, where there is none. */
export function carried<T>(value: T, context: Mapping): T {
  if (!isObject(value)) return value;
  let then: unknown;
  try {
    ({ then } = value as { then?: unknown });
  } catch (error) {
    // Read once, as without us: what awaits it is told.
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- it stands for one
      get then(): never {
        throw error;
      },
    } as T;
  }
  // A promise's own calls nobody's code, and one that gives itself must be told apart.
  if (typeof then !== "function" || then === Native.prototype.then) return value;
  // oxlint-disable-next-line unicorn/no-thenable -- it stands for one
  return { then: (...args: unknown[]) => inContext(context, then as () => unknown, value, args as []) } as T;
}

/** What an await is given: of a promise nothing is asked, not even a `then` of its own. */
export function toAwaited<T>(value: T, context: Mapping): T {
  return isNative(value) ? value : carried(value, context);
}
