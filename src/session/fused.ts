// Works that a compiler has fused: each is told, as it begins, whose work it is. Without that compiler there are none.

import type { Part } from "./ending.ts";

const works = new WeakSet<object>();
let entered: Part | undefined;

/** Marks a function: called as the work of a scope, it takes that scope at once. */
export function markFused<F extends object>(work: F): F {
  works.add(work);
  return work;
}

/** Calls a scope's work. */
export function callWork<P extends Part, T>(part: P, work: (part: P) => T): T {
  if (!works.has(work)) return work(part);
  entered = part;
  try {
    return work(part);
  } finally {
    entered = undefined;
  }
}

/** The scope whose work begins; asked once, by its first line. */
export function takeEntered(): Part | undefined {
  const part = entered;
  entered = undefined;
  return part;
}
