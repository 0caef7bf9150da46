// The methods of `using` and `await using`. Where the engine has no symbols for them, compilers that lower those declarations look for
// these instead. Source: the helpers of esbuild, Babel and Oxc: `Symbol.dispose || Symbol.for("Symbol.dispose")`.

const symbols = Symbol as { readonly dispose?: symbol; readonly asyncDispose?: symbol };

/** Gives a class the method that `using` calls: `static { disposable(this, function () { this.release(); }); }`. */
export function disposable<T>({ prototype }: { readonly prototype: T }, method: (this: T) => void): void {
  define(prototype, symbols.dispose ?? Symbol.for("Symbol.dispose"), method);
}

/** Gives a class the method that `await using` calls. */
export function asyncDisposable<T>({ prototype }: { readonly prototype: T }, method: (this: T) => Promise<void>): void {
  define(prototype, symbols.asyncDispose ?? Symbol.for("Symbol.asyncDispose"), method);
}

function define(prototype: unknown, symbol: symbol, value: unknown): void {
  Object.defineProperty(prototype, symbol, { value, configurable: true, writable: true });
}
