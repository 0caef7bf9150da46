// Chance that can be replayed: what a random program is made with.

import { seeded } from "../../kit/seeded.ts";

export class Dice {
  readonly #random: () => number;
  #count = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  isLucky(share = 0.5): boolean {
    return this.#random() < share;
  }

  /** A number that the program has not had yet. */
  next(): number {
    return ++this.#count;
  }

  probe(): string {
    return `p(${this.next()})`;
  }

  /** An expression that does not suspend. */
  sync(): string {
    return this.pick([this.probe(), "1"]);
  }
}
