// Time comes from here, never from AbortSignal.timeout() or Date.now(): test clocks cannot move those.

import type { Clock } from "./contract/runtime.ts";

/** A timer, on platforms where it is an object that can let the process exit; elsewhere it is a number. */
interface RefCounted {
  ref?(): void;
  unref?(): void;
}

/** Fake timers that are installed or removed in between would not end it: a real one would keep the process. */
interface SetTimer {
  readonly timer: RefCounted | number;
  readonly clear: (timer: number) => void;
}

/** The platform's own clock. Its functions are looked up at each call: fake timers may have replaced them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs): SetTimer => ({ timer: setTimeout(callback, delayMs), clear: clearTimeout }),
  clearTimeout: (set) => {
    if (set === undefined) return;
    // Browsers' own takes no `this`.
    const { timer, clear } = set as SetTimer;
    clear(timer as number);
  },
  unref: (set) => ((set as SetTimer).timer as RefCounted).unref?.(),
  ref: (set) => ((set as SetTimer).timer as RefCounted).ref?.(),
};
