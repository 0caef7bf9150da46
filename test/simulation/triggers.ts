// When something comes: after some time, or some microtasks after something happened.

import type { Trigger } from "./program.ts";
import type { World } from "./world.ts";

// What never comes by itself comes late.
const LATE_MS = 200;

interface Waiting {
  readonly what: string;
  left: number;
  readonly call: () => void;
}

export class Triggers {
  readonly #world: World;
  readonly #waiting: Waiting[] = [];

  constructor(world: World) {
    this.#world = world;
    world.listeners.push((what) => this.#heard(what));
  }

  async wait(trigger: Trigger): Promise<void> {
    if (trigger.kind === "ms") return this.#world.time.sleep(trigger.ms);
    if (trigger.what !== "now") await this.#event(trigger.what, trigger.count);
    for (let hop = 0; hop < trigger.hops; hop++) await Promise.resolve();
  }

  #event(what: string, count: number): Promise<void> {
    const owner = this.#world.time.owner?.();
    return new Promise((settle) => {
      // Nothing goes on in a request that was cut off.
      const resolve = (): void => void (this.#world.cut.has(owner) || settle());
      const entry: Waiting = { what, left: count, call: () => this.#done(entry, timer, resolve) };
      const timer = this.#world.time.after(LATE_MS, entry.call);
      this.#waiting.push(entry);
    });
  }

  #done(entry: Waiting, timer: unknown, resolve: () => void): void {
    const at = this.#waiting.indexOf(entry);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#world.time.clearTimeout(timer);
    resolve();
  }

  #heard(what: string): void {
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const entry = this.#waiting[at];
      if (entry?.what === what && --entry.left === 0) entry.call();
    }
  }
}

/** Aborts a signal when its trigger comes. */
export class Controller {
  abortedAt = Infinity;
  onAbort: (() => void) | undefined;
  readonly reason: Error;
  readonly #controller = new AbortController();

  constructor(world: World, what: string, trigger: Trigger) {
    this.reason = new Error(`${what} is aborted`);
    void world.triggers.wait(trigger).then(() => {
      world.note(() => `abort of ${what}`);
      this.abortedAt = ++world.sequence;
      this.#controller.abort(this.reason);
      this.onAbort?.();
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}
