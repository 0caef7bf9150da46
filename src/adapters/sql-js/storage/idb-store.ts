import { BLOCK_BYTES, blocksOf, type BlockStore, type Change } from "./block.ts";
import { storageFailed } from "./failure.ts";
import { Image } from "./image-buffer.ts";

/** Records of one block are slow to load: what is not of late is in larger ones. */
const CHUNK_BYTES = 4 * BLOCK_BYTES;
/** Commits that are kept one by one; behind it they are worked into the chunks. */
const LOG_BYTES = 4 * 2 ** 20;
/** Of a large database the log is larger: each block of it has a whole chunk written anew, and fewer when they are many at a time. */
const LOG_SHARE = 1 / 8;
const VERSION = 1;

/** What is known of the whole. Its one record is read and written by each transaction. */
interface Summary {
  readonly version: number;
  /** Whoever opened it last: all others are out. */
  readonly owner: string;
  readonly sizeBytes: number;
  /** The size as of the chunks. */
  readonly chunkedBytes: number;
  readonly logBytes: number;
}

/** A commit: the numbers of its blocks, and their bytes behind each other. */
interface Entry {
  readonly sizeBytes: number;
  readonly numbers: Uint32Array;
  readonly bytes: Uint8Array;
}

export const STORES = ["summary", "log", "chunks"] as const;

/** A database in IndexedDB: a commit is one transaction, which adds a record with the blocks that have changed. */
export class IdbStore implements BlockStore {
  readonly #name: string;
  #db: IDBDatabase;
  readonly #onClose: () => void;
  readonly #logBytes: number;
  readonly #owner: string;
  readonly #open: (() => Promise<IDBDatabase>) | undefined;
  /** The browser has closed it: the process that has it has died, or the data of this site were deleted. */
  #isCut = false;
  #reopening: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    name: string,
    db: IDBDatabase,
    onClose: () => void,
    logBytes: number = LOG_BYTES,
    open?: () => Promise<IDBDatabase>,
  ) {
    this.#name = name;
    this.#db = this.#watched(db);
    this.#onClose = onClose;
    this.#logBytes = logBytes;
    this.#owner = globalThis.crypto.randomUUID();
    this.#open = open;
  }

  async load(): Promise<Uint8Array | undefined> {
    let found: Summary | undefined;
    await this.#transact("strict", (stores) => {
      then<Summary | undefined>(stores.summary.get(0), (summary) => {
        if ((summary?.version ?? VERSION) > VERSION) throw storageFailed(this.#name, "newer");
        found = summary;
        const none = { sizeBytes: 0, chunkedBytes: 0, logBytes: 0 };
        stores.summary.put({ ...none, ...summary, version: VERSION, owner: this.#owner }, 0);
      });
    });
    const image = await this.#read(found, true);
    return image.length > 0 ? image : undefined;
  }

  async salvage(): Promise<Uint8Array> {
    let summary: Summary | undefined;
    await this.#transact("strict", (stores) =>
      then<Summary | undefined>(stores.summary.get(0), (found) => (summary = found)),
    );
    return this.#read(summary, false);
  }

  async write({ sizeBytes, blocks }: Change, isStrict: boolean): Promise<void> {
    const bytes = new Uint8Array(blocks.size * BLOCK_BYTES);
    [...blocks.values()].forEach((block, index) => bytes.set(block, index * BLOCK_BYTES));
    const entry: Entry = { sizeBytes, numbers: Uint32Array.from(blocks.keys()), bytes };
    let [logBytes, limitBytes] = [0, 0];
    await this.#transact(isStrict ? "strict" : "relaxed", (stores) =>
      this.#withSummary(stores, (summary) => {
        logBytes = summary.logBytes + bytes.length;
        limitBytes = Math.max(this.#logBytes, summary.chunkedBytes * LOG_SHARE);
        stores.log.add(entry);
        stores.summary.put({ ...summary, sizeBytes, logBytes }, 0);
      }),
    );
    // The commit is kept; should this fail, it is tried again behind the next one.
    if (logBytes > limitBytes) await this.#checkpoint().catch(() => undefined);
  }

  flush(): Promise<void> {
    // Transactions end in their order: when this one is on the disk, so are those before it.
    return this.#transact("strict", (stores) =>
      this.#withSummary(stores, (summary) => void stores.summary.put(summary, 0)),
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#db.close();
    this.#onClose();
  }

  #watched(db: IDBDatabase): IDBDatabase {
    db.addEventListener("close", () => (this.#isCut = true));
    return db;
  }

  async #reopen(open: () => Promise<IDBDatabase>): Promise<void> {
    try {
      this.#db = this.#watched(await open());
      this.#isCut = false;
      if (this.#isClosed) this.#db.close();
    } finally {
      this.#reopening = undefined;
    }
  }

  /** Works the log into the chunks, in one transaction. */
  async #checkpoint(): Promise<void> {
    await this.#transact("strict", (stores) =>
      this.#withSummary(stores, (summary) =>
        then<Entry[]>(stores.log.getAll(), (entries) => {
          const { sizeBytes, chunkedBytes } = summary;
          const least = Math.min(chunkedBytes, ...entries.map((entry) => entry.sizeBytes));
          const wanted = new Set<number>();
          for (const { numbers } of entries)
            for (const block of numbers) wanted.add(Math.floor((block * BLOCK_BYTES) / CHUNK_BYTES));
          // From where it was cut off, and where it grew, up to its end.
          for (let chunk = Math.floor(least / CHUNK_BYTES); chunk * CHUNK_BYTES < sizeBytes; chunk++) wanted.add(chunk);
          for (const chunk of wanted) this.#rewrite(stores.chunks, chunk, chunkedBytes, sizeBytes, entries);
          stores.chunks.delete(IDBKeyRange.lowerBound(Math.ceil(sizeBytes / CHUNK_BYTES)));
          stores.log.clear();
          stores.summary.put({ ...summary, chunkedBytes: sizeBytes, logBytes: 0 }, 0);
        }),
      ),
    );
  }

  #rewrite(chunks: IDBObjectStore, chunk: number, before: number, sizeBytes: number, entries: readonly Entry[]): void {
    const start = chunk * CHUNK_BYTES;
    if (start >= sizeBytes) return;
    then<Uint8Array | undefined>(chunks.get(chunk), (found) => {
      const bytes = new Uint8Array(CHUNK_BYTES);
      bytes.set((found ?? new Uint8Array()).subarray(0, Math.max(0, before - start)));
      for (const entry of entries) {
        bytes.fill(0, Math.max(0, entry.sizeBytes - start));
        entry.numbers.forEach((block, index) => {
          const at = block * BLOCK_BYTES - start;
          if (at >= 0 && at < CHUNK_BYTES)
            bytes.set(entry.bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES), at);
        });
      }
      chunks.put(bytes.slice(0, sizeBytes - start), chunk);
    });
  }

  async #read(summary: Summary | undefined, isStrict: boolean): Promise<Uint8Array> {
    const chunkedBytes = summary?.chunkedBytes ?? 0;
    const base = new Uint8Array(chunkedBytes);
    let entries: Entry[] = [];
    let count = 0;
    await this.#transact("relaxed", (stores) => {
      then<Uint8Array[]>(stores.chunks.getAll(), (chunks) => {
        count = chunks.length;
        chunks.forEach((bytes, chunk) =>
          base.set(bytes.subarray(0, Math.max(0, chunkedBytes - chunk * CHUNK_BYTES)), chunk * CHUNK_BYTES),
        );
      });
      then<Entry[]>(stores.log.getAll(), (found) => (entries = found));
    });
    const last = entries.at(-1)?.sizeBytes ?? chunkedBytes;
    const isWhole = count === Math.ceil(chunkedBytes / CHUNK_BYTES) && last === (summary?.sizeBytes ?? 0);
    if (isStrict && !isWhole) throw storageFailed(this.#name, "damaged");
    const image = new Image(base);
    for (const { sizeBytes, numbers, bytes } of entries) {
      const places = Array.from(numbers, (block, index) => [block, index * BLOCK_BYTES] as const);
      image.apply({ sizeBytes, places: places.filter(([block]) => block < blocksOf(sizeBytes)) }, bytes);
    }
    return image.bytes;
  }

  /** Reads what is known of the whole, and sees to it that nobody else has opened it since. */
  #withSummary(stores: Stores, work: (summary: Summary) => void): void {
    then<Summary | undefined>(stores.summary.get(0), (summary) => {
      if (!summary) throw new Error("the browser has deleted its data");
      if (summary.owner !== this.#owner) throw storageFailed(this.#name, "locked");
      work(summary);
    });
  }

  /** @returns settles when the transaction has. What `work` throws, in its callbacks too, takes all of it back. */
  async #transact(durability: "strict" | "relaxed", work: (stores: Stores) => void): Promise<void> {
    // What it has is still there, or else the summary is gone: then nothing is written.
    if (this.#isCut && this.#open) await (this.#reopening ??= this.#reopen(this.#open));
    return new Promise((resolve, reject) => {
      const transaction = this.#db.transaction(STORES, "readwrite", { durability });
      const [summary, log, chunks] = STORES.map((store) => transaction.objectStore(store)) as [Store, Store, Store];
      transaction.addEventListener("complete", () => resolve());
      // Where a disk is full, no request says so: the transaction does.
      transaction.addEventListener("abort", () =>
        reject(failures.get(transaction) ?? transaction.error ?? new Error("the transaction was aborted")),
      );
      work({ summary, log, chunks });
    });
  }
}

type Store = IDBObjectStore;

interface Stores {
  readonly summary: Store;
  readonly log: Store;
  readonly chunks: Store;
}

/** Why a transaction was aborted from here. */
const failures = new WeakMap<IDBTransaction, unknown>();

/** Goes on with a request's result. What throws aborts the transaction, and is what it rejects with. */
function then<T>(request: IDBRequest, work: (result: T) => void): void {
  request.addEventListener("success", () => {
    try {
      work(request.result as T);
    } catch (error) {
      failures.set(request.transaction!, error);
      request.transaction!.abort();
    }
  });
}
