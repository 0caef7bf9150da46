// What all copies of this module on a page share: one current context, and one set of patches.

/** The values of all variables at one moment; never changed once made. `undefined`: none has a value, which costs least. */
export type Mapping = ReadonlyMap<object, unknown> | undefined;

export interface Page {
  /** Set while a function runs in a context, and put back by all who set it, so that no task or microtask begins with one. */
  current: Mapping;
  /** Takes the patches back; `undefined` while there are none. */
  undo?: (() => void) | undefined;
  /** The global Promise as it was when the patches were made. */
  promise?: PromiseConstructor;
  /** Whose `constructor` was read last, as an await does. See keep.ts. */
  asked?: object | undefined;
  /** Nobody awaits now who reads a `constructor`. */
  isQuiet?: boolean | undefined;
  /** Somebody's code here was compiled by the transform. */
  isTransformed?: boolean;
  /** The missing transform was told of. */
  hasWarned?: boolean;
}

// The number changes with the meaning of what is in there: copies that do not understand each other must not meet.
const KEY = Symbol.for("isopool.context@1");

/** The page's, or the worker's. */
export const page: Page = ((globalThis as { [KEY]?: Page })[KEY] ??= { current: undefined });
