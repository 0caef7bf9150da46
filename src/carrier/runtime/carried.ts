import { type Mapping, page } from "./page.ts";

// The engine's own, which async functions return: zone.js puts another class in the place of the global one.
export const Native: PromiseConstructor = (async () => undefined)().constructor as PromiseConstructor;

export function isObject(value: unknown): value is object {
  return typeof value === "object" ? value !== null : typeof value === "function";
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
  if (then === Native.prototype.then) return value;
  if (typeof then !== "function") return unread(value, then);
  // oxlint-disable-next-line unicorn/no-thenable -- it stands for one
  return { then: (...args: unknown[]) => inContext(context, then as () => unknown, value, args as []) } as T;
}

/** Has a getter that gave no function give the same once more, to the engine, which reads at once: it is not called again. */
function unread<T extends object>(value: T, then: unknown): T {
  const [holder, found] = find(value, "then");
  const get = (): unknown => {
    // oxlint-disable-next-line unicorn/no-thenable -- its own, put back
    if (holder === value) Reflect.defineProperty(value, "then", found!);
    else Reflect.deleteProperty(value, "then");
    return then;
  };
  // oxlint-disable-next-line unicorn/no-thenable -- what stands for it, for a moment
  if (found?.get) Reflect.defineProperty(value, "then", { get, configurable: true });
  return value;
}

/** A property, and which of an object and its prototypes has it. */
export function find(object: object | undefined, key: string): [object | undefined, PropertyDescriptor | undefined] {
  let holder = object;
  while (holder && !Object.hasOwn(holder, key)) holder = Object.getPrototypeOf(holder) as object | undefined;
  return [holder, holder && Object.getOwnPropertyDescriptor(holder, key)];
}
