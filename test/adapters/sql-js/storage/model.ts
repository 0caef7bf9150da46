// A database without an engine: what a store is given, and all that it was. Names no runtime.

import { BLOCK_BYTES, type Change } from "../../../../src/adapters/sql-js/storage/block.ts";

/** A database that changes at random, and all that it ever was. */
export class Model {
  readonly images: Uint8Array[];
  readonly #random: () => number;
  readonly #span: number;

  /** @param span - up to how many blocks it has, after a jump. */
  constructor(random: () => number, image: Uint8Array, span = 8) {
    this.#random = random;
    this.#span = span;
    this.images = [image];
  }

  /** The next commit: some blocks, and sometimes another size. */
  next(): Change {
    const before = this.images.at(-1)!;
    const pick = (count: number): number => Math.floor(this.#random() * count);
    const resize = this.#random();
    const count =
      resize < 0.2 ? 1 + pick(this.#span) : Math.max(1, before.length / BLOCK_BYTES + (resize > 0.7 ? 1 : 0));
    const image = new Uint8Array(count * BLOCK_BYTES);
    image.set(before.subarray(0, image.length));
    const blocks = new Map<number, Uint8Array>();
    for (let touched = 1 + pick(3); touched > 0; touched--) {
      const block = pick(count);
      const bytes = new Uint8Array(BLOCK_BYTES);
      for (let at = 0; at < BLOCK_BYTES; at += 64) bytes[at + pick(64)] = pick(256);
      image.set(bytes, block * BLOCK_BYTES);
      blocks.set(block, bytes);
    }
    this.images.push(image);
    return { sizeBytes: image.length, blocks };
  }

  /** Which commit an image is; -1: none. */
  find(image: Uint8Array | undefined): number {
    const bytes = image ?? new Uint8Array();
    return this.images.findLastIndex(
      (each) => each.length === bytes.length && each.every((byte, at) => byte === bytes[at]),
    );
  }
}
