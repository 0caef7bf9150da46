import { BLOCK_BYTES, blocksOf, type Change } from "./block.ts";
import {
  decodeFrame,
  decodeHeader,
  encodeFrame,
  encodeHeader,
  FRAME_MAGIC,
  type Frame,
  HEADER_BYTES,
  type LogHeader,
  type Sum,
} from "./frame.ts";
import { readAll, type StoredFile, writeAll } from "./stored-file.ts";

/** What a log's file holds, as found. */
export interface LogContent {
  readonly header: LogHeader | "newer" | undefined;
  readonly bytes: Uint8Array;
  /** Those that are whole, in order, up to the first that is not. */
  readonly frames: readonly (Frame & { readonly at: number })[];
  readonly endBytes: number;
  /** The checksum of the last frame, or of the header. */
  readonly lastSum: Sum;
}

/** Reads a log's file. What comes behind the first frame that is not whole is none of it. */
export function readLog(file: StoredFile): LogContent {
  const bytes = readAll(file);
  const header = decodeHeader(bytes);
  const frames: (Frame & { at: number })[] = [];
  let endBytes = HEADER_BYTES;
  let lastSum: Sum = typeof header === "object" ? header.sum : [0, 0];
  while (typeof header === "object") {
    const frame = decodeFrame(bytes, endBytes);
    const isNext = frame?.generation === header.generation && isSum(frame.before, lastSum);
    if (!isNext || frame.sequence !== frames.length) break;
    frames.push({ ...frame, at: endBytes });
    endBytes += frame.lengthBytes;
    lastSum = frame.sum;
  }
  return { header, bytes, frames, endBytes, lastSum };
}

/**
 * Whether frames of that generation or a newer one are missing that had been durable: one behind the gap says so. A torn end is no
 * damage, as nobody was told that it was kept.
 */
export function isDamaged({ bytes, frames, endBytes }: LogContent, generation: number): boolean {
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  for (let at = endBytes / 4; (at = words.indexOf(FRAME_MAGIC, at)) >= 0; at++) {
    const frame = decodeFrame(bytes, at * 4);
    if (frame && frame.generation >= generation && frame.flushed > frames.length) return true;
  }
  return false;
}

export function isSum([first, second]: Sum, [otherFirst, otherSecond]: Sum): boolean {
  return first === otherFirst && second === otherSecond;
}

/** A flush of a file that has grown takes twice the time: it grows by so much at once. */
const GROWTH_BYTES = 2 ** 18;

/** A log that is appended to, and where in it each block was written last. */
export class RedoLog {
  readonly generation: number;
  frames: number;
  sizeBytes: number;
  /** Of the database, as of the last frame. */
  imageBytes = 0;
  /** The smallest that the database was during this log: behind it, nothing of the time before is left. */
  leastBytes: number = Infinity;
  readonly places: Map<number, number> = new Map();
  lastSum: Sum;
  #flushed: number;
  #fileBytes: number;
  readonly #file: StoredFile;

  /** Goes on where a log ends that was found. Cuts off what is torn: nothing of it may be met again. */
  constructor(file: StoredFile, { header, bytes, frames, endBytes, lastSum }: LogContent) {
    this.#file = file;
    this.generation = (header as LogHeader).generation;
    this.frames = this.#flushed = frames.length;
    this.sizeBytes = endBytes;
    this.lastSum = lastSum;
    for (const frame of frames) this.#note(frame.sizeBytes, frame.places, frame.at);
    if (bytes.length > endBytes) file.truncate(endBytes);
    this.#fileBytes = Math.max(endBytes, file.sizeBytes());
    // Whether all that was found is on the disk as well, nobody knows.
    if (bytes.length > HEADER_BYTES) file.flush();
  }

  /**
   * Begins the log that follows one, in the file of the one before that, over what is in there: a file that does not grow is flushed
   * in half the time. Old frames are told by their generation.
   */
  static begin(
    file: StoredFile,
    generation: number,
    { frames, lastSum }: { frames: number; lastSum: Sum },
    mostBytes: number,
  ): RedoLog {
    const { bytes, sum } = encodeHeader(generation, frames, lastSum);
    // A commit that was larger than all others leaves no such file behind.
    if (file.sizeBytes() > mostBytes) file.truncate(mostBytes);
    writeAll(file, bytes, 0);
    file.flush();
    const header = { generation, frames, lastSum, sum };
    return new RedoLog(file, { header, bytes: new Uint8Array(), frames: [], endBytes: HEADER_BYTES, lastSum: sum });
  }

  /** Writes a commit; when that fails, the next one takes its place. */
  append(change: Change, isStrict: boolean): void {
    const { generation, frames: sequence, lastSum: before } = this;
    const { bytes, sum } = encodeFrame(change, { generation, sequence, flushed: this.#flushed, before });
    const at = this.sizeBytes;
    writeAll(this.#file, bytes, at);
    this.#grow(at + bytes.length);
    if (isStrict) this.#file.flush();
    this.frames++;
    this.sizeBytes += bytes.length;
    this.lastSum = sum;
    if (isStrict) this.#flushed = this.frames;
    const first = bytes.length - change.blocks.size * BLOCK_BYTES;
    this.#note(
      change.sizeBytes,
      [...change.blocks.keys()].map((block, index) => [block, first + index * BLOCK_BYTES]),
      at,
    );
  }

  #grow(endBytes: number): void {
    if (endBytes <= this.#fileBytes) return;
    this.#fileBytes = endBytes;
    try {
      writeAll(this.#file, new Uint8Array(GROWTH_BYTES), endBytes);
      this.#fileBytes += GROWTH_BYTES;
    } catch {
      // No room for more than the commit itself.
    }
  }

  flush(): void {
    if (this.#flushed === this.frames) return;
    this.#file.flush();
    this.#flushed = this.frames;
  }

  read(at: number, into: Uint8Array): void {
    if (this.#file.read(into, at) < into.length) throw new Error(`the log is shorter than ${at + into.length} bytes`);
  }

  #note(imageBytes: number, places: Frame["places"], at: number): void {
    const count = blocksOf(imageBytes);
    if (imageBytes < this.imageBytes)
      for (const block of this.places.keys()) if (block >= count) this.places.delete(block);
    this.imageBytes = imageBytes;
    this.leastBytes = Math.min(this.leastBytes, imageBytes);
    for (const [block, within] of places) this.places.set(block, at + within);
  }
}
