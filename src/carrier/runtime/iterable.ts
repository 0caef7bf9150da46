import { toAwaited } from "./awaited.ts";
import { inContext, isObject } from "./carried.ts";
import type { Frame } from "./frame.ts";

type Step = (...args: unknown[]) => unknown;

interface Steps {
  readonly next: Step;
  readonly return?: Step | null;
  readonly throw?: Step | null;
}

/** What a `for await` of `frame` goes through instead of `source`: leaves whenever the loop is about to suspend. */
export function iterable<T>(frame: Frame, source: AsyncIterable<T> | Iterable<T>): AsyncIterable<T> | Iterable<T> {
  const begin = (source as Partial<AsyncIterable<T>>)[Symbol.asyncIterator];
  const isAsync = begin !== undefined && begin !== null;
  const iterator: unknown = isAsync
    ? begin.call(source as AsyncIterable<T>)
    : (source as Iterable<T>)[Symbol.iterator]();
  const steps = (isAsync ? fromAsync : fromSync)(frame, iterator as Steps);
  return { [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => steps } as unknown as AsyncIterable<T>;
}

// What `next()` and `return()` give is awaited by the loop; what they throw is thrown there and then.
function fromAsync(frame: Frame, iterator: Steps): object {
  const { next } = iterator;
  const stepWith =
    (step: Step): Step =>
    (...args) => {
      // A loop that a rejection ends is left here with nobody current; a `yield*`, with whoever asked for more.
      frame.c();
      return frame.l(step.apply(iterator, args));
    };
  return {
    next: stepWith(next),
    get return() {
      const { return: close } = iterator;
      return close == null ? close : stepWith(close);
    },
    // Only a `yield*` asks for it.
    get throw() {
      const { throw: raise } = iterator;
      return raise == null ? raise : stepWith(raise);
    },
  };
}

// The engine puts an async iterator around it, whose every step is awaited: one that throws, and a missing `return()`, too.
function fromSync(frame: Frame, iterator: Steps): object {
  const { next } = iterator;
  // It closes the iterator from a microtask of its own, too, when a value was rejected: the frame has left by then.
  const suspend = (): unknown => frame.l(undefined);
  const stepWith =
    (step: Step): Step =>
    (...args) => {
      try {
        const result = inContext(frame.context, step, iterator, args);
        if (!isObject(result)) return result;
        const { done, value } = result as { done?: unknown; value?: unknown };
        return { done, value: toAwaited(value, frame.context) };
      } finally {
        suspend();
      }
    };
  return {
    next: stepWith(next),
    get return() {
      let close: Steps["return"];
      try {
        ({ return: close } = iterator);
      } finally {
        if (close == null) suspend();
      }
      return close == null ? close : stepWith(close);
    },
    get throw() {
      const { throw: raise } = iterator;
      return raise == null ? raise : stepWith(raise);
    },
  };
}
