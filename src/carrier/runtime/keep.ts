// A context over `await` of one promise with no build step, in code that was not compiled.
//
// `await p` of a promise reads `p.constructor` and, when that is another class, `p.then`, which it calls from a microtask. Only an
// await does the two in a row; so do `Promise.resolve()`, which patches.ts keeps quiet, and code that looks at `p.constructor` right
// before it returns `p`. A plain `return p` does not, and must not be served: what it settles is a promise of many readers, and the
// context would reach all of them.

import { type Mapping, page } from "./page.ts";

type Callback = (value: unknown) => unknown;
type Then = (...callbacks: (Callback | null | undefined)[]) => unknown;

/** Neither `Promise`, so that an await asks for `then`, nor what `then()` makes a new promise of. */
const Elsewhere = { [Symbol.species]: Promise };

/** Makes an await of `promise` come back with the context that it was begun in; once, whoever asks again. */
export function keepable<T extends PromiseLike<unknown>>(promise: T): T {
  // Done by us or by another copy of this module, or closed by its owner. A failure here would follow work that was done.
  if (!Object.isExtensible(promise) || Object.hasOwn(promise, "constructor") || Object.hasOwn(promise, "then"))
    return promise;
  const { constructor, then } = promise as unknown as { readonly constructor: unknown; readonly then: Then };
  return Object.defineProperties(promise, {
    constructor: {
      get() {
        if (page.isQuiet || !page.current) return constructor;
        page.asked = promise;
        // An await reads on at once: nobody's `then` in a later job is meant.
        queueMicrotask(() => {
          page.asked = undefined;
        });
        return constructor === Promise ? Elsewhere : constructor;
      },
    },
    // oxlint-disable-next-line unicorn/no-thenable -- it has one
    then: {
      get() {
        const { asked, current } = page;
        page.asked = undefined;
        if (asked !== promise) return then;
        // Who has read both and calls at once, such as `finally()`, calls in a context: there, the microtasks below are patched,
        // and keep what they set to themselves. An await's call comes from the engine, with nobody current.
        return (...callbacks: (Callback | undefined)[]) =>
          then.apply(
            promise,
            callbacks.map((settle) => settle && resuming(settle, current)),
          );
      },
    },
  });
}

/** `settle(value)` puts the one who awaits in line: exactly between the two microtasks around it. */
function resuming(settle: Callback, context: Mapping): Callback {
  const setLater = (next: Mapping): void =>
    queueMicrotask(() => {
      page.current = next;
    });
  return (value) => {
    setLater(context);
    try {
      return settle(value);
    } finally {
      setLater(undefined);
    }
  };
}
