// A disk that loses what was not flushed, and that fails when it is told to: the files that a log is written to.

import type { StoredFile } from "../../../../src/adapters/sql-js/storage/stored-file.ts";

const SECTOR = 512;

export type Fault = "short" | "error" | "quota" | "lost flush" | "power cut";

type Pending = { readonly at: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number };

export class Disk {
  readonly files: DiskFile[];
  /** Writes, truncations and flushes so far. */
  steps = 0;
  /** How many flushes were lost and not made good for by a later one of the same file. */
  fault: { readonly at: number; readonly kind: Fault } | undefined;
  hasFailed = false;
  isOff = false;

  constructor(contents: readonly Uint8Array[] = [new Uint8Array(), new Uint8Array(), new Uint8Array()]) {
    this.files = contents.map((bytes) => new DiskFile(this, bytes));
  }

  /** @returns the fault to play, if it is due. */
  step(): Fault | undefined {
    if (this.isOff) throw new Error("the power is off");
    if (this.steps++ !== this.fault?.at) return undefined;
    this.hasFailed = true;
    const { kind } = this.fault;
    if (kind === "power cut") {
      this.isOff = true;
      throw new Error("the power is cut");
    }
    if (kind === "error") throw new Error("the disk is on fire");
    if (kind === "quota") throw new DOMException("no room", "QuotaExceededError");
    return kind;
  }

  /** The disk after a power cut: of what was not flushed, each sector is there or is not. */
  afterCut(random: () => number): Disk {
    return new Disk(this.files.map((file) => file.afterCut(random)));
  }
}

export class DiskFile implements StoredFile {
  readonly #disk: Disk;
  #durable: Uint8Array;
  #content: Uint8Array;
  #pending: Pending[] = [];
  isFlushLost = false;

  constructor(disk: Disk, content: Uint8Array) {
    this.#disk = disk;
    this.#content = this.#durable = content;
  }

  get content(): Uint8Array {
    return this.#content;
  }

  sizeBytes(): number {
    return this.#content.length;
  }

  read(into: Uint8Array, at: number): number {
    const bytes = this.#content.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  write(bytes: Uint8Array, at: number): number {
    const isShort = this.#disk.step() === "short";
    const done = isShort ? bytes.slice(0, bytes.length >> 1) : bytes.slice();
    this.#content = apply(this.#content, { at, bytes: done });
    this.#pending.push({ at, bytes: done });
    return done.length;
  }

  truncate(sizeBytes: number): void {
    this.#disk.step();
    this.#content = apply(this.#content, { sizeBytes });
    this.#pending.push({ sizeBytes });
  }

  flush(): void {
    this.isFlushLost = this.#disk.step() === "lost flush";
    if (this.isFlushLost) return;
    this.#durable = this.#content;
    this.#pending = [];
  }

  close(): void {}

  afterCut(random: () => number): Uint8Array {
    let bytes = this.#durable;
    for (const each of this.#pending) {
      if ("sizeBytes" in each) {
        if (random() < 0.5) bytes = apply(bytes, each);
        continue;
      }
      const there = [];
      for (let from = 0; from < each.bytes.length;) {
        const to = Math.min(each.bytes.length, from + SECTOR - ((each.at + from) % SECTOR));
        if (random() < 0.6) there.push([from, to] as const);
        from = to;
      }
      bytes = apply(bytes, { sizeBytes: Math.max(bytes.length, each.at + (there.at(-1)?.[1] ?? 0)) });
      for (const [from, to] of there) bytes.set(each.bytes.subarray(from, to), each.at + from);
    }
    return bytes;
  }
}

function apply(content: Uint8Array, change: Pending): Uint8Array {
  const size = "sizeBytes" in change ? change.sizeBytes : Math.max(content.length, change.at + change.bytes.length);
  const next = new Uint8Array(size);
  next.set(content.subarray(0, size));
  if (!("sizeBytes" in change)) next.set(change.bytes, change.at);
  return next;
}
