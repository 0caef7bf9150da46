// Every promise that the library gave settles, by its deadline where it has one.

import type { World } from "./world.ts";

export interface Pending {
  readonly what: string;
  /** In virtual milliseconds, without jumps of the clock. */
  dueAt: number;
  readonly dueInMs: number;
  readonly owner: unknown;
}

export class PendingPromises {
  readonly #world: World;
  readonly #all = new Set<Pending>();

  readonly #owner: (() => unknown) | undefined;

  constructor(world: World, owner?: () => unknown) {
    this.#world = world;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  add(what: string, promise: PromiseLike<unknown>, dueInMs = Infinity): Pending {
    const entry: Pending = { what, dueAt: this.#world.time.passed + dueInMs, dueInMs, owner: this.#owner?.() };
    const settled = (): void => {
      this.#all.delete(entry);
      this.#world.tell("settled");
    };
    this.#all.add(entry);
    promise.then(settled, settled);
    return entry;
  }

  /** A request was cut off. */
  forget(owner: unknown): void {
    for (const entry of this.#all) if (entry.owner === owner) this.#all.delete(entry);
  }

  /** Nothing more can happen by itself before `nextAt`. */
  check(nextAt: number): void {
    for (const entry of this.#all) {
      if (nextAt <= entry.dueAt + this.#slackOf(entry) && nextAt < Infinity) continue;
      this.#all.delete(entry);
      const { what, dueAt } = entry;
      this.#world.fail("settles", dueAt < Infinity ? `${what} is pending after its deadline` : `${what} never settles`);
    }
  }

  // A clock that is set back while nobody reads it hides that much of a wait; never more than the wait's own length.
  #slackOf({ dueInMs }: Pending): number {
    return Math.min(dueInMs, this.#world.time.setBackMs);
  }
}
