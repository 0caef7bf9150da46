import { BLOCK_BYTES, type BlockStore, type Change } from "./block.ts";
import { storageFailed } from "./failure.ts";
import { HEADER_BYTES, type LogHeader } from "./frame.ts";
import { Image } from "./image-buffer.ts";
import { isDamaged, isSum, type LogContent, readLog, RedoLog } from "./redo-log.ts";
import { readAll, type StoredFile, writeAll } from "./stored-file.ts";

/** A log that has grown to this size is written into the base file, and another one begun. */
const CHECKPOINT_BYTES = 4 * 2 ** 20;

export interface LogFiles {
  /** A plain SQLite file: the database as of a checkpoint. */
  readonly base: StoredFile;
  /** Used in turn. The one before is kept until the next checkpoint: should the base have lost something, both mend it. */
  readonly logs: readonly [StoredFile, StoredFile];
}

export interface LogStoreOptions {
  readonly checkpointBytes?: number | undefined;
  readonly onClose?: (() => void) | undefined;
  /** @throws the files are another one's by now. */
  readonly check?: (() => void) | undefined;
}

/** A database as a base file and a log of the blocks that were written since: a commit is one write at the log's end, and a flush. */
export class LogStore implements BlockStore {
  readonly #name: string;
  readonly #files: LogFiles;
  readonly #checkpointBytes: number;
  readonly #onClose: (() => void) | undefined;
  readonly #checkOwner: (() => void) | undefined;
  #log: RedoLog | undefined;
  #limitBytes = 0;

  constructor(name: string, files: LogFiles, options: LogStoreOptions = {}) {
    const { checkpointBytes = CHECKPOINT_BYTES, onClose, check } = options;
    this.#name = name;
    this.#files = files;
    this.#onClose = onClose;
    this.#checkOwner = check;
    this.#checkpointBytes = this.#limitBytes = checkpointBytes;
  }

  load(): Uint8Array | undefined {
    const { base, logs } = this.#files;
    const contents = logs.map((file) => readLog(file));
    const replay = toReplay(contents);
    this.#check(contents, replay);
    const image = imageOf(base, replay);
    const newest = replay.at(-1);
    const generation = newest ? (newest.header as LogHeader).generation : 1;
    this.#log = newest
      ? new RedoLog(logs[generation % 2]!, newest)
      : RedoLog.begin(logs[1], generation, { frames: 0, lastSum: [0, 0] }, this.#checkpointBytes * 2);
    if (this.#log.frames === 0) this.#log.imageBytes = image.length;
    return image.length > 0 ? image : undefined;
  }

  /** All that can be read, also where `load()` refuses. */
  salvage(): Uint8Array {
    const { base, logs } = this.#files;
    return imageOf(base, toReplay(logs.map((file) => readLog(file))));
  }

  write(change: Change, isStrict: boolean): void {
    this.#checkOwner?.();
    this.#log!.append(change, isStrict);
    // A flush may take long.
    this.#checkOwner?.();
    if (this.#log!.sizeBytes < this.#limitBytes) return;
    try {
      this.#checkpoint();
      this.#limitBytes = this.#checkpointBytes;
    } catch {
      // The commit is kept all the same. The log goes on for as long again: a full disk is not asked at each commit.
      this.#limitBytes = this.#log!.sizeBytes + this.#checkpointBytes;
    }
  }

  flush(): void {
    this.#log?.flush();
  }

  close(): void {
    for (const file of [this.#files.base, ...this.#files.logs]) file.close();
    this.#onClose?.();
  }

  #checkpoint(): void {
    const { base, logs } = this.#files;
    const log = this.#log!;
    log.flush();
    // Where the database was smaller in between, what is behind that is of an older time.
    if (log.leastBytes < base.sizeBytes()) base.truncate(log.leastBytes);
    base.truncate(log.imageBytes);
    const bytes = new Uint8Array(BLOCK_BYTES);
    for (const [block, at] of [...log.places].sort(([a], [b]) => a - b)) {
      const start = block * BLOCK_BYTES;
      log.read(at, bytes);
      writeAll(base, bytes.subarray(0, log.imageBytes - start), start);
    }
    base.flush();
    const next = log.generation + 1;
    this.#log = RedoLog.begin(logs[next % 2]!, next, log, this.#checkpointBytes * 2);
    this.#log.imageBytes = log.imageBytes;
  }

  #check(contents: readonly LogContent[], replay: readonly LogContent[]): void {
    const newest = replay.at(-1);
    if (contents.some(({ header }) => header === "newer")) throw storageFailed(this.#name, "newer");
    const generation = newest ? (newest.header as LogHeader).generation : 0;
    const saved = replay.reduce((sum, { frames }) => sum + frames.length, 0);
    if (contents.some((log) => isDamaged(log, generation)))
      throw storageFailed(this.#name, "damaged", undefined, undefined, { saved });
    if (!newest && contents.some(({ bytes }) => bytes.length > HEADER_BYTES && bytes.subarray(0, 4).some(Boolean)))
      throw storageFailed(this.#name, "foreign");
  }
}

/** The logs to replay over the base, oldest first. */
function toReplay(contents: readonly LogContent[]): LogContent[] {
  const generationOf = ({ header }: LogContent): number => (header as LogHeader).generation;
  const [newest, older] = contents
    .filter(({ header }) => typeof header === "object")
    .sort((a, b) => generationOf(b) - generationOf(a));
  if (!newest) return [];
  const { frames, lastSum } = newest.header as LogHeader;
  if (!older || generationOf(older) !== generationOf(newest) - 1) return [newest];
  // The newest was begun, and given up: the older one went on.
  if (newest.frames.length === 0 && older.frames.length > frames) return [older];
  // Overwritten in part already: then the base has all of it.
  const isWhole = older.frames.length === frames && isSum(older.lastSum, lastSum);
  return isWhole ? [older, newest] : [newest];
}

function imageOf(base: StoredFile, logs: readonly LogContent[]): Uint8Array {
  const image = new Image(readAll(base));
  for (const { frames, bytes } of logs) for (const frame of frames) image.apply(frame, bytes.subarray(frame.at));
  return image.bytes;
}
