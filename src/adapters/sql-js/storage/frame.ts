// How a log is written: a header, then a frame for each commit. All numbers are 32 bits, little endian as all machines are that run
// WebAssembly. A frame is there or not: its checksum covers all of it, and it names the checksum of the one before.

import { BLOCK_BYTES, type Change } from "./block.ts";

const HEADER_MAGIC = 0x4c50_5349; // "ISPL"
/** The first number of a frame. */
export const FRAME_MAGIC = 0x4650_5349; // "ISPF"
const VERSION = 1;
/** Both headers have the same size; their checksum is the last pair of numbers. */
const WORDS = 12;
const BLOCK_WORDS = BLOCK_BYTES / 4;

export const HEADER_BYTES: number = WORDS * 4;

/** What a checksum is made of. */
export type Sum = readonly [number, number];

export interface LogHeader {
  /** Counts the logs of a database; the newest two are there. */
  readonly generation: number;
  /** How the log before ended: its frames, and the last one's checksum. */
  readonly frames: number;
  readonly lastSum: Sum;
  readonly sum: Sum;
}

export interface Frame {
  readonly generation: number;
  /** Its place in the log, from 0. */
  readonly sequence: number;
  readonly sizeBytes: number;
  /** How many frames were durable when this one was written. */
  readonly flushed: number;
  readonly before: Sum;
  readonly sum: Sum;
  readonly lengthBytes: number;
  /** Where each block is, in bytes from the frame's beginning. */
  readonly places: readonly (readonly [block: number, at: number])[];
}

export function encodeHeader(generation: number, frames: number, lastSum: Sum): { bytes: Uint8Array; sum: Sum } {
  const words = Uint32Array.of(HEADER_MAGIC, VERSION, generation, frames, ...lastSum, 0, 0, 0, 0, 0, 0);
  return seal(words);
}

/** @returns `undefined`: there is none, or a torn one. `"newer"`: written by a later version of this package. */
export function decodeHeader(log: Uint8Array): LogHeader | "newer" | undefined {
  if (log.length < HEADER_BYTES) return undefined;
  const words = new Uint32Array(log.buffer, 0, WORDS);
  const [magic, version, generation = 0, frames = 0, first = 0, second = 0] = words;
  if (magic !== HEADER_MAGIC) return undefined;
  // How a later one is sealed is not known here.
  if (version! > VERSION) return "newer";
  if (version !== VERSION || !isSealed(words)) return undefined;
  return { generation, frames, lastSum: [first, second], sum: [words[WORDS - 2]!, words[WORDS - 1]!] };
}

/** What must be known of a log to append to it. */
export interface FramePlace {
  readonly generation: number;
  readonly sequence: number;
  readonly flushed: number;
  readonly before: Sum;
}

export function encodeFrame(
  change: Change,
  { generation, sequence, flushed, before }: FramePlace,
): ReturnType<typeof seal> {
  const { sizeBytes, blocks } = change;
  const words = new Uint32Array(WORDS + blocks.size * (1 + BLOCK_WORDS));
  const [low, high] = [sizeBytes % 2 ** 32, Math.floor(sizeBytes / 2 ** 32)];
  words.set([FRAME_MAGIC, generation, sequence, low, high, blocks.size, flushed, ...before]);
  words.set([...blocks.keys()], WORDS);
  const bytes = new Uint8Array(words.buffer);
  let at = (WORDS + blocks.size) * 4;
  for (const block of blocks.values()) {
    bytes.set(block, at);
    at += BLOCK_BYTES;
  }
  return seal(words);
}

/** The frame at a place, if it is there and whole. */
export function decodeFrame(log: Uint8Array, at: number): Frame | undefined {
  if (at % 4 > 0 || at + HEADER_BYTES > log.length) return undefined;
  const head = new Uint32Array(log.buffer, at, WORDS);
  const [magic, generation = 0, sequence = 0, low = 0, high = 0, count = 0, flushed = 0, first = 0, second = 0] = head;
  const length = WORDS + count * (1 + BLOCK_WORDS);
  if (magic !== FRAME_MAGIC || at + length * 4 > log.length) return undefined;
  const words = new Uint32Array(log.buffer, at, length);
  if (!isSealed(words)) return undefined;
  const blocks = words.subarray(WORDS, WORDS + count);
  return {
    generation,
    sequence,
    sizeBytes: high * 2 ** 32 + low,
    flushed,
    before: [first, second],
    sum: [words[WORDS - 2]!, words[WORDS - 1]!],
    lengthBytes: length * 4,
    places: Array.from(blocks, (block, index) => [block, (WORDS + count) * 4 + index * BLOCK_BYTES]),
  };
}

function seal(words: Uint32Array): { bytes: Uint8Array; sum: Sum } {
  const sum = sumOf(words);
  words.set(sum, WORDS - 2);
  return { bytes: new Uint8Array(words.buffer), sum };
}

function isSealed(words: Uint32Array): boolean {
  const [first, second] = sumOf(words);
  return words[WORDS - 2] === first && words[WORDS - 1] === second;
}

/** Over all words but its own. Two sums that mix differently: a word that is lost, moved or changed shows in both. */
function sumOf(words: Uint32Array): Sum {
  let first = words.length;
  let second = 0x9e37_79b9;
  for (let at = 0; at < words.length; at++) {
    if (at === WORDS - 2 || at === WORDS - 1) continue;
    const word = words[at]!;
    first = Math.imul((first << 13) | (first >>> 19), 5) ^ word;
    second = Math.imul(second ^ word, 0x85eb_ca6b);
    second ^= second >>> 15;
  }
  return [first >>> 0, second >>> 0];
}
