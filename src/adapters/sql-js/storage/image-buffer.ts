import { BLOCK_BYTES } from "./block.ts";
import type { Frame } from "./frame.ts";

/** An image that changes its size; it keeps its memory, and has zeros where it grows. */
export class Image {
  #memory: Uint8Array;
  #sizeBytes: number;

  constructor(bytes: Uint8Array) {
    this.#memory = bytes;
    this.#sizeBytes = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#sizeBytes);
  }

  apply({ sizeBytes, places }: Pick<Frame, "sizeBytes" | "places">, frame: Uint8Array): void {
    this.#resize(sizeBytes);
    for (const [block, at] of places) {
      const start = block * BLOCK_BYTES;
      this.#memory.set(frame.subarray(at, at + Math.min(BLOCK_BYTES, sizeBytes - start)), start);
    }
  }

  #resize(sizeBytes: number): void {
    this.#memory.fill(0, sizeBytes, this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
    if (sizeBytes <= this.#memory.length) return;
    const memory = new Uint8Array(Math.max(sizeBytes, this.#memory.length * 2));
    memory.set(this.#memory);
    this.#memory = memory;
  }
}
