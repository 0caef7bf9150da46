import { bindTarget } from "./bind-target.ts";

/** A context of OpenTelemetry: an immutable map. */
export interface ContextLike {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): ContextLike;
  deleteValue(key: symbol): ContextLike;
}

/** What is used of `AsyncContext`: that of `isopool/browser-context`, or the engine's own. */
export interface AsyncContextForManager {
  readonly Variable: new <T>() => { get(): T | undefined; run<R>(value: T, work: () => R): R };
}

/** What is used of `@opentelemetry/api`. */
export interface ContextApi<C extends ContextLike> {
  readonly ROOT_CONTEXT: C;
}

/** A `ContextManager` of `@opentelemetry/api`. */
export interface ContextManagerLike<C extends ContextLike> {
  active(): C;
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: C,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F>;
  bind<T>(context: C, target: T): T;
  enable(): this;
  disable(): this;
}

/**
 * Makes a context manager for OpenTelemetry that follows `await` at native targets, in browsers: with `isopool/vite`, spans have
 * their parents without zone.js. The same in Node, for code that the plugin has compiled.
 *
 * @param api - `@opentelemetry/api`, 1.3 or later.
 * @param AsyncContext - of `isopool/browser-context`; any that follows the proposal will do.
 * @throws TypeError if one of the two is missing.
 * @example
 * import * as api from "@opentelemetry/api";
 * import { AsyncContext } from "isopool/browser-context";
 * import { contextManager } from "isopool/opentelemetry";
 *
 * api.context.setGlobalContextManager(contextManager(api, AsyncContext).enable());
 */
export function contextManager<C extends ContextLike>(
  api: ContextApi<C>,
  AsyncContext: AsyncContextForManager,
): ContextManagerLike<C> {
  if (typeof api?.ROOT_CONTEXT?.getValue !== "function")
    throw new TypeError("Expected `api` to be the module @opentelemetry/api");
  if (typeof AsyncContext?.Variable !== "function")
    throw new TypeError("Expected `AsyncContext`, as `isopool/browser-context` exports it");
  return new CarriedContextManager(api.ROOT_CONTEXT, AsyncContext);
}

class CarriedContextManager<C extends ContextLike> implements ContextManagerLike<C> {
  readonly #root: C;
  readonly #AsyncContext: AsyncContextForManager;
  readonly #emitters: WeakSet<object> = new WeakSet();
  #variable: InstanceType<AsyncContextForManager["Variable"]> | undefined;

  constructor(root: C, AsyncContext: AsyncContextForManager) {
    this.#root = root;
    this.#AsyncContext = AsyncContext;
  }

  active(): C {
    return (this.#variable?.get() as C | undefined) ?? this.#root;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: C,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    // Before `enable()` too, as other managers do: the API enables none by itself.
    const variable = (this.#variable ??= new this.#AsyncContext.Variable());
    return variable.run(context ?? this.#root, () => work.apply(thisArg, args));
  }

  bind<T>(context: C, target: T): T {
    return bindTarget(target, this.#emitters, (listener) => this.#bound(context ?? this.active(), listener));
  }

  enable(): this {
    this.#variable ??= new this.#AsyncContext.Variable();
    return this;
  }

  disable(): this {
    // What runs on has no context from now on.
    this.#variable = undefined;
    return this;
  }

  #bound<F extends (...args: unknown[]) => unknown>(context: C, work: F): F {
    const run = (self: unknown, args: unknown[]): unknown => this.with(context, () => work.apply(self, args));
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return run(this, args);
    };
    return Object.defineProperty(bound, "length", { value: work.length, configurable: true }) as unknown as F;
  }
}
