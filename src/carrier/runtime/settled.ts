// An `await` in a place where the engine has an iterator open: `[a = await x] = y`. A rejection would close it at once, in
// nobody's context. So it comes back as a value: `settled($, await settle($, x))`.

import type { Frame } from "./frame.ts";

type Settled<T> = { readonly value: T } | { readonly error: unknown };

/** Leaves, with a promise that is never rejected. */
export function settle<T>(frame: Frame, value: T): Promise<Settled<Awaited<T>>> {
  const wait = async (): Promise<Settled<Awaited<T>>> => {
    try {
      return { value: await frame.t(value) };
    } catch (error) {
      return { error };
    }
  };
  return frame.l(wait());
}

/** Back in the context: what the promise was fulfilled with, or its reason, thrown. */
export function settled<T>(frame: Frame, outcome: Settled<T>): T {
  frame.b();
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
