import type { Clock } from "../../src/contract/runtime.ts";

interface Timer {
  readonly dueAt: number;
  readonly fire: () => void;
  readonly real: NodeJS.Timeout;
}

/** The platform's clock, which a test sets forward: what is due by then comes at once, and nobody waits for it. */
export class JumpingClock implements Clock {
  #aheadMs = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const fire = (): void => {
      if (!this.#timers.delete(timer)) return;
      clearTimeout(timer.real);
      callback();
    };
    const timer: Timer = { dueAt: this.now() + delayMs, fire, real: setTimeout(fire, delayMs) };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer === undefined) return;
    this.#timers.delete(timer as Timer);
    clearTimeout((timer as Timer).real);
  }

  unref(timer: unknown): void {
    (timer as Timer).real.unref();
  }

  ref(timer: unknown): void {
    (timer as Timer).real.ref();
  }

  jump(forMs: number): void {
    this.#aheadMs += forMs;
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= this.now()).toSorted((a, b) => a.dueAt - b.dueAt);
    for (const { fire } of due) fire();
  }
}
