// Time comes from here, never from AbortSignal.timeout() or Date.now(): test clocks cannot move those.

import type { Clock } from "./contract/runtime.ts";

/** A timer, on platforms where it is an object that can let the process exit; elsewhere it is a number. */
interface RefCounted {
  ref?(): void;
  unref?(): void;
}

/** The platform's own clock. Its functions are looked up at each call: fake timers may have replaced them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
  unref: (timer) => (timer as RefCounted).unref?.(),
  ref: (timer) => (timer as RefCounted).ref?.(),
};
