// One call of an async function: who is current in it, and who is once it leaves.
//
// Functions, not methods: a page loads those that it calls. And a call with nobody current has no frame at all: nobody is current
// when it leaves, and nobody when the engine is back, so that its awaits cost next to nothing.

import { carried, toAwaited } from "./carried.ts";
import { type Mapping, page } from "./page.ts";

page.isTransformed = true;

export interface Frame {
  /** The context it was called in, and resumes in. */
  readonly context: Mapping;
  /** Who is current once this leaves: the caller's context up to the first suspension, afterwards none. */
  base: Mapping;
  isSuspended: boolean;
}

/** Begins a call of an async function; `undefined`: nobody is current in it. */
export function enter(): Frame | undefined {
  return page.current && enterGenerator();
}

/** Begins a call of an async generator. It has a frame in any case: whoever asks for its next value may have a context. */
export function enterGenerator(): Frame {
  const { current } = page;
  return { context: current, base: current, isSuspended: false };
}

/** Leaves, with the value that is about to be awaited. */
export function leave<T>(frame: Frame | undefined, value: T): T {
  if (frame === undefined) return value;
  const awaited = toAwaited(value, frame.context);
  frame.isSuspended = true;
  page.current = frame.base;
  return awaited;
}

/** Resumed, with the value that was awaited. */
export function back<T>(frame: Frame | undefined, value: T): T {
  if (frame !== undefined) {
    frame.base = undefined;
    resume(frame);
  }
  return value;
}

/** The start of a `catch`, a `finally` or the body of a `for await`: resumed, if it was suspended. */
export function caught(frame: Frame | undefined): void {
  if (frame?.isSuspended) asked(frame);
}

/** An async generator resumes, with the value that it was sent: whoever asked for more is current when it leaves again. */
export function asked<T>(frame: Frame, value?: T): T | undefined {
  frame.base = page.current;
  resume(frame);
  return value;
}

/** The end of the call. When a rejection ended it, nobody else's context is current now. */
export function exit(frame: Frame | undefined): void {
  if (frame?.isSuspended === false) page.current = frame.base;
}

/** What an async function returns: a thenable is asked in the context that is current here, a promise for a `then` of its own. */
export function thenable<T>(value: T): T {
  return page.current ? carried(value, page.current) : value;
}

function resume(frame: Frame): void {
  frame.isSuspended = false;
  page.current = frame.context;
}
