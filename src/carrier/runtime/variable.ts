// `AsyncContext` as proposed, for engines that have none. Source: https://tc39.es/proposal-async-context/

import { inContext } from "./carried.ts";
import { type Mapping, page } from "./page.ts";
import { patch } from "./patches.ts";

export interface VariableOptions<T> {
  /** For debugging. Default `""`. */
  readonly name?: string;
  /** What `get()` returns if no value was set. Default `undefined`. */
  readonly defaultValue?: T;
}

/** A separate value for every flow of code: `run()` sets it for a call and everything the call starts. */
export class Variable<T = unknown> {
  readonly name: string;
  readonly #defaultValue: T | undefined;

  constructor({ name = "", defaultValue }: VariableOptions<T> = {}) {
    this.name = name;
    this.#defaultValue = defaultValue;
    patch();
  }

  /** The current value; the default if none was set. */
  get(): T | undefined {
    const { current } = page;
    return current?.has(this) ? (current.get(this) as T) : this.#defaultValue;
  }

  /** Calls `work(...args)` with `value` set, in it and in everything it starts. */
  run<Args extends unknown[], R>(value: T, work: (...args: Args) => R, ...args: Args): R {
    return runWith(this, Object.is(value, this.#defaultValue) ? undefined : { value }, work, args);
  }
}

/** Calls `work(...args)` with the value for `key` that is set; `undefined`: with none. */
export function runWith<Args extends unknown[], R>(
  key: object,
  set: { readonly value: unknown } | undefined,
  work: (...args: Args) => R,
  args: Args,
): R {
  if (page.undo) patch();
  const mapping = new Map(page.current);
  // Kept small: nothing is remembered of a value that says nothing, and "no value at all" is what costs least.
  if (set) mapping.set(key, set.value);
  else mapping.delete(key);
  return inContext(mapping.size > 0 ? mapping : undefined, work, undefined, args);
}

/** The values of all variables at the place where it is created. */
export class Snapshot {
  readonly #mapping: Mapping = page.current;

  /** Calls `work(...args)` with those values. */
  run<Args extends unknown[], R>(work: (...args: Args) => R, ...args: Args): R {
    return inContext(this.#mapping, work, undefined, args);
  }

  /**
   * Wraps `work` in a function that calls it with the current values.
   *
   * @throws TypeError if `work` is not a function.
   */
  static wrap<This, Args extends unknown[], R>(
    work: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => R {
    if (typeof work !== "function") throw new TypeError(`Expected a function to wrap, got \`${typeof work}\``);
    const mapping = page.current;
    const wrapped = function (this: This, ...args: Args): R {
      return inContext(mapping, work, this, args);
    };
    const { name, length } = work;
    return Object.defineProperties(wrapped, { name: { value: name }, length: { value: length } });
  }
}

/** What is used of `globalThis.AsyncContext`. */
interface AsyncContextNamespace {
  readonly Variable: typeof Variable;
  readonly Snapshot: typeof Snapshot;
}

/** The engine's own `AsyncContext`, if any. A polyfill does not count: it does not follow a native `await`. */
export function nativeAsyncContext(): AsyncContextNamespace | undefined {
  const { AsyncContext } = globalThis as { AsyncContext?: AsyncContextNamespace };
  return /\[native code\]/.test(String(AsyncContext?.Variable)) ? AsyncContext : undefined;
}
