// A context over `await` of one promise with no build step, in code that was not compiled.
//
// `await p` of a native promise reads `p.constructor` and, when that is another class, `p.then`, which it calls from a microtask.
// Only an await does the two in a row (`Promise.resolve()` too: patches.ts makes it quiet). `return p` does not, and must not be
// served: what it settles is a promise of many readers, and the context would reach all of them.

import { type Mapping, page } from "./page.ts";

type Callback = (value: unknown) => unknown;
type Then = (...callbacks: (Callback | null | undefined)[]) => unknown;

/** Neither `Promise`, so that an await asks for `then`, nor what `then()` makes a new promise of. */
const Elsewhere = { [Symbol.species]: Promise };

/** Makes an await of `promise` come back with the context that it was begun in. */
export function keepable<T extends PromiseLike<unknown>>(promise: T): T {
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
        const isAwait = page.asked === promise;
        page.asked = undefined;
        return isAwait ? adopting(promise, then, page.current) : quiet(then);
      },
    },
  });
}

/** As it was: `then()` itself asks for `constructor`. */
function quiet(then: Then): Then {
  return function (this: unknown, ...callbacks) {
    return quietly(() => then.apply(this, callbacks));
  };
}

/** Calls `work`, in which nobody awaits. */
export function quietly<R>(work: () => R): R {
  const outer = page.isQuiet;
  page.isQuiet = true;
  try {
    return work();
  } finally {
    page.isQuiet = outer;
  }
}

// Who has read both and calls at once, such as `finally()`, calls in a context: there, the microtasks below are patched, and keep
// what they set to themselves. An await's call comes from the engine, with nobody current.
function adopting(promise: PromiseLike<unknown>, then: Then, context: Mapping): Then {
  return (...callbacks) =>
    quietly(() =>
      then.apply(
        promise,
        callbacks.map((settle) => settle && resuming(settle, context)),
      ),
    );
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
