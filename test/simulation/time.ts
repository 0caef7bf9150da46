// The only time there is during a schedule. Timers of the library and events of the world stand in one list; each fires with
// every promise settled that can be: a timer is a macrotask everywhere. What comes in between comes by microtasks.

import type { Clock } from "../../src/contract/runtime.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  /** Armed by the library, not by the world. */
  readonly isOurs: boolean;
  /** Who armed it: a request. */
  readonly owner: unknown;
}

const real = {
  setImmediate: globalThis.setImmediate,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  now: Date.now,
  random: Math.random,
};

/** Every promise that can settle has. */
export function drained(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve));
}

export class Time implements Clock {
  /** What the world adds to the clock: a machine that slept. */
  jumpedMs = 0;
  /** By how much the clock was set back, all together. */
  setBackMs = 0;
  /** Virtual milliseconds, without jumps. */
  passed = 1_000_000;
  /** Timers of the library that are armed. */
  armed = 0;
  /** Who is asking, where requests are told apart. */
  owner: (() => unknown) | undefined;
  #order = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.passed + this.jumpedMs;
  }

  jump(ms: number): void {
    this.jumpedMs += ms;
    this.setBackMs += Math.max(-ms, 0);
  }

  setTimeout(callback: () => void, delayMs?: number): Timer {
    this.armed++;
    return this.#add(callback, Math.max(1, Number(delayMs) || 0), true);
  }

  clearTimeout(timer: unknown): void {
    const at = this.#timers.indexOf(timer as Timer);
    if (at < 0) return;
    this.#timers.splice(at, 1);
    if ((timer as Timer).isOurs) this.armed--;
  }

  /** An event of the world, not of the library. */
  after(delayMs: number, callback: () => void): Timer {
    return this.#add(callback, delayMs, false);
  }

  /** What was armed by a request that is cut off never fires. */
  cutOff(owner: unknown): void {
    for (const timer of [...this.#timers]) if (timer.owner === owner) this.clearTimeout(timer);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  get isEmpty(): boolean {
    return this.#timers.length === 0;
  }

  /** When the next one is due; `Infinity` where there is none. */
  get nextAt(): number {
    let at = Infinity;
    for (const timer of this.#timers) if (timer.at < at) at = timer.at;
    return at;
  }

  /** Fires what is due next. */
  fire(): void {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    if (!next) return;
    this.clearTimeout(next);
    this.passed = Math.max(this.passed, next.at);
    next.callback();
  }

  #add(callback: () => void, delayMs: number, isOurs: boolean): Timer {
    const timer: Timer = { at: this.passed + delayMs, order: ++this.#order, callback, isOurs, owner: this.owner?.() };
    this.#timers.push(timer);
    return timer;
  }
}

/** Puts a time and a chance in the place of the platform's, until the returned function puts them back. */
export function install(time: Time, random: () => number): () => void {
  globalThis.setTimeout = ((callback: () => void, delayMs?: number) => time.setTimeout(callback, delayMs)) as never;
  globalThis.clearTimeout = (timer: unknown) => time.clearTimeout(timer);
  Date.now = () => time.now();
  Math.random = random;
  return () => {
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    Date.now = real.now;
    Math.random = real.random;
  };
}

export const wallClock = real.now;
