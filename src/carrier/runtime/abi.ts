// What compiled code calls: the transform of src/carrier writes these calls around every suspension of an async function.
//
//   async function f() { const $ = enter(); try { … $.r(await $.l(EXPRESSION)) … } finally { $.x(); } }
//
// A frame is one call of one async function. Names are short because they are written into every function of a page.

import { carried, isNative, isObject } from "./carried.ts";
import { iterable } from "./iterable.ts";
import { type Mapping, page } from "./page.ts";

export { asyncResource, resource } from "./resources.ts";
export { settle, settled } from "./settled.ts";

page.isTransformed = true;

/** Begins a call of an async function. */
export function enter(): Frame {
  return new Frame();
}

/** What an async function that never suspends returns: a thenable is asked in the context that is current here. */
export function thenable<T>(value: T): T {
  return toReturned(value, page.current);
}

function toReturned<T>(value: T, context: Mapping): T {
  // What resolves a promise has its `then` read, a native promise too when it has one of its own.
  const isPlain = isNative(value) && !(isObject(value) && Object.hasOwn(value, "then"));
  return context === undefined || isPlain ? value : carried(value, context);
}

/** One call of one async function, or one async generator. */
export class Frame {
  // Not #private: bundlers turn that into WeakMaps for older targets, at many times the cost of an await.
  /** The context it was called in, and resumes in. */
  readonly context: Mapping = page.current;
  /** Who is current once this leaves: the caller's context up to the first suspension, afterwards none. */
  base: Mapping = this.context;
  isSuspended = false;

  /** Leaves, with the value that is about to be awaited. */
  l<T>(value: T): T {
    const { context } = this;
    const awaited = context === undefined || isNative(value) ? value : carried(value, context);
    this.isSuspended = true;
    page.current = this.base;
    return awaited;
  }

  /** Resumed, with the value that was awaited. */
  r<T>(value: T): T {
    this.isSuspended = false;
    this.base = undefined;
    page.current = this.context;
    return value;
  }

  /** The start of a `catch`, a `finally` or the body of a `for await`: resumed, if it was suspended. */
  e(): void {
    if (this.isSuspended) this.y(undefined);
  }

  /** The end of the call. When a rejection ended it, nobody else's context is current now. */
  x(): void {
    if (!this.isSuspended) page.current = this.base;
  }

  /** What the function returns. */
  t<T>(value: T): T {
    return toReturned(value, this.context);
  }

  /** An async generator leaves, with the value that it yields: one that is awaited, like any other. */
  w<T>(value: T): T {
    return this.l(value);
  }

  /** An async generator resumes: whoever asked for more is current when it leaves again. */
  y<T>(value: T): T {
    this.isSuspended = false;
    this.base = page.current;
    page.current = this.context;
    return value;
  }

  /** What a `for await` goes through: every step and the end of it is a suspension. */
  i<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterable<T> | Iterable<T> {
    return iterable(this, source);
  }
}
