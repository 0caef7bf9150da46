import { type Mapping, page } from "./page.ts";

// The engine's own, which async functions return: zone.js puts another class in the place of the global one.
export const Native: PromiseConstructor = (async () => undefined)().constructor as PromiseConstructor;
const prototype: object = Native.prototype;

export function isObject(value: unknown): value is object {
  return typeof value === "object" ? value !== null : typeof value === "function";
}

/** Whether `value` is awaited without anybody's code being run: nothing that could be a thenable, or a plain promise. */
export function isNative(value: unknown): boolean {
  if (!isObject(value)) return true;
  return value instanceof Native && value.constructor === Native && Object.getPrototypeOf(value) === prototype;
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
    return work.apply(self, args);
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
  if (typeof then !== "function") return value;
  // oxlint-disable-next-line unicorn/no-thenable -- it stands for one
  return { then: (...args: unknown[]) => inContext(context, then as () => unknown, value, args as []) } as T;
}
