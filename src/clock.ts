// Time comes from here, never from AbortSignal.timeout() or Date.now(): test clocks cannot move those.

import type { Clock } from "./contract/runtime.ts";

/** A timer, on platforms where it is an object that can let the process exit; elsewhere it is a number. */
interface RefCounted {
  ref?(): void;
  unref?(): void;
}

/** With what ends it: fake timers that were installed in between would not, and a real one would keep the process. */
type SetTimer = readonly [timer: RefCounted, clear: (timer: RefCounted) => void];

/** The platform's own clock. Its functions are looked up at each call: fake timers may have replaced them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => [setTimeout(callback, delayMs), clearTimeout],
  clearTimeout: (set) => {
    // Some have set none. Called as a function: browsers' own takes no other `this`.
    const [timer, clear] = (set || []) as Partial<SetTimer>;
    clear?.(timer!);
  },
  unref: (set) => (set as SetTimer)[0].unref?.(),
  ref: (set) => (set as SetTimer)[0].ref?.(),
};
