// Chance by key, not by order: each decision is drawn from the seed and the key of what it is about. When a step of the
// program is left out, all other decisions stay as they were, and a failing schedule can be shrunk.

/** A number in [0, 1) for a seed and up to three parts of a key. */
export function drawn(seed: number, a: number, b = 0, c = 0): number {
  let mixed = seed | 0;
  mixed = Math.imul(mixed ^ (a + 0x9e3779b9), 0x85ebca6b);
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + b, 0xc2b2ae35);
  mixed = Math.imul((mixed ^ (mixed >>> 16)) + c, 0x27d4eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}

/** Draws in order, for what is drawn as a whole: a program. */
export class Dice {
  readonly #seed: number;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  next(): number {
    return drawn(this.#seed, ++this.#count, 7);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
