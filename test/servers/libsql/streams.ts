import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { HttpFailure } from "./failures.ts";
import type { Counts, OpenStream } from "./options.ts";
import type { Profile } from "./profile.ts";
import { type Engine, Stream } from "./stream.ts";

/** How long an expired stream is told apart from one that never was. */
const REMEMBER_MS = 300_000;
/** How long a client waits for a stream when all are taken. */
const WAIT_MS = 1_000;

export interface StreamsOptions {
  readonly profile: Profile;
  readonly maxStreams: number;
  readonly expirationMs: number;
  openEngine(): Engine;
  /** Told when a stream was closed: its locks are free. */
  onClose(): void;
}

/** The streams that are open, found by batons that are good for one request each. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #key = randomBytes(32);
  readonly #streams = new Map<bigint, Stream | "expired">();
  readonly #waiting = new Set<() => void>();
  readonly #counts = { streamsOpened: 0, streamsExpired: 0, mostOpen: 0 };

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  get counts(): Omit<Counts, "forcedRollbacks" | "waiting"> {
    return { ...this.#counts };
  }

  get all(): Stream[] {
    return [...this.#streams.values()].filter((stream) => stream !== "expired");
  }

  report(): OpenStream[] {
    return this.all.map(({ number, isInTransaction, isWriter }) => ({ number, isInTransaction, isWriter }));
  }

  /** Takes the stream of a baton, or opens one where there is none. */
  async take(baton: string | null | undefined): Promise<Stream> {
    if (baton === null || baton === undefined) return this.#open();
    const { profile } = this.#options;
    const [id, sequence] = this.#read(baton);
    const stream = this.#streams.get(id);
    if (stream === undefined) throw profile.unknownBaton();
    if (stream === "expired") throw profile.expiredBaton();
    if (stream.isTaken || stream.sequence !== sequence) throw profile.usedBaton();
    stream.isTaken = true;
    stream.sequence = BigInt.asUintN(64, stream.sequence + 1n);
    clearTimeout(stream.expiry);
    // sqld's engine is busy until the cursor has ended, or its reader has left.
    await stream.cursor;
    return stream;
  }

  /** Lets go of a stream after its request; gives the baton of the next one, if there may be one. */
  release(stream: Stream): string | null {
    stream.isTaken = false;
    if (stream.isClosed || (this.#options.profile.closesIdleStreams && !stream.isNeeded)) {
      this.destroy(stream);
      return null;
    }
    clearTimeout(stream.expiry);
    stream.expiry = setTimeout(() => this.expire(stream), this.#options.expirationMs);
    stream.expiry.unref();
    return this.write(stream);
  }

  write({ id, sequence }: Stream): string {
    const payload = Buffer.alloc(16);
    payload.writeBigUInt64BE(id, 0);
    payload.writeBigUInt64BE(sequence, 8);
    return Buffer.concat([payload, this.#sign(payload)])
      .toString("base64")
      .replace(/=+$/, "");
  }

  destroy(stream: Stream): void {
    this.#streams.delete(stream.id);
    stream.close();
    this.#options.onClose();
    const [next] = this.#waiting;
    next?.();
  }

  expire(stream: Stream): void {
    if (stream.isTaken) return;
    this.destroy(stream);
    this.#counts.streamsExpired++;
    this.#streams.set(stream.id, "expired");
    setTimeout(() => this.#streams.delete(stream.id), REMEMBER_MS).unref();
  }

  /** As after a restart: nobody knows any baton. */
  forget(): void {
    for (const stream of this.all) this.destroy(stream);
    this.#streams.clear();
  }

  async #open(): Promise<Stream> {
    if (this.all.length >= this.#options.maxStreams) await this.#wait();
    const number = ++this.#counts.streamsOpened;
    const random = randomBytes(16);
    const stream = new Stream(random.readBigUInt64BE(0), number, random.readBigUInt64BE(8), this.#options.openEngine());
    this.#streams.set(stream.id, stream);
    this.#counts.mostOpen = Math.max(this.#counts.mostOpen, this.all.length);
    return stream;
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { overloadStatus } = this.#options.profile;
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(end);
        reject(new HttpFailure(overloadStatus, "Timed out while opening database connection"));
      }, WAIT_MS);
      this.#waiting.add(end);
    });
  }

  #read(baton: string): [id: bigint, sequence: bigint] {
    const bytes = Buffer.from(baton, "base64");
    const payload = bytes.subarray(0, 16);
    if (bytes.length !== 48 || !timingSafeEqual(bytes.subarray(16), this.#sign(payload)))
      throw this.#options.profile.malformedBaton();
    return [payload.readBigUInt64BE(0), payload.readBigUInt64BE(8)];
  }

  #sign(payload: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(payload).digest();
  }
}
