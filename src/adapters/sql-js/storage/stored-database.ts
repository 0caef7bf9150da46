import { systemClock } from "../../../clock.ts";
import type { StorageKind } from "../../../contract/events.ts";
import type { SqlJsDatabase, SqlJsStatic } from "../driver.ts";
import type { StoredDatabase } from "../storage.ts";
import { type BlockStore, type Change, merge } from "./block.ts";
import { watchFile } from "./database-file.ts";
import { type Counts, storageFailed, toStorageFailed } from "./failure.ts";
import { onHidden } from "./platform.ts";
import type { DatabaseFile } from "./watched-file.ts";

export type Durability = "strict" | "relaxed";

/** Under `relaxed`, what was committed is flushed this long after. */
const FLUSH_MS = 100;

/** Where a database is kept. */
export interface Home {
  /** @param onLost - another one has it now. */
  open(onLost: () => void): Promise<BlockStore>;
  /** As of `open()`. */
  kind(): { readonly kind: StorageKind; readonly cause?: unknown };
}

/** Keeps each commit of one database in a store: what has changed is taken at once, and written together with what comes meanwhile. */
export class BlockDatabase implements StoredDatabase {
  readonly #name: string;
  readonly #sqlJs: SqlJsStatic;
  readonly #home: Home;
  readonly #isStrict: boolean;
  #store: BlockStore | undefined;
  #loading: Promise<Uint8Array | undefined> | undefined;
  #file: DatabaseFile | undefined;
  #image: Uint8Array | undefined;
  /** Taken, and not in the store yet. */
  #pending: Change | undefined;
  /** How many commits that is, and how many were kept since it was opened. */
  #unsaved = 0;
  #saved = 0;
  #saving: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** Of a save that nobody waited for: the next commit reports it. */
  #failure: unknown;
  #timer: unknown;
  #unlisten: (() => void) | undefined;
  #isClosed = false;
  #isLost = false;
  onLost: (() => void) | undefined;

  constructor(name: string, sqlJs: SqlJsStatic, durability: Durability, home: Home) {
    this.#name = name;
    this.#sqlJs = sqlJs;
    this.#home = home;
    this.#isStrict = durability === "strict";
    // A worker has no such event: its page says so.
    if (!this.#isStrict) this.#unlisten = onHidden(() => void this.#finish().catch(() => undefined));
  }

  get kind(): StorageKind | undefined {
    return this.#store && this.#home.kind().kind;
  }

  get cause(): unknown {
    return this.#home.kind().cause;
  }

  load(): Promise<Uint8Array | undefined> {
    return (this.#loading ??= this.#load().finally(() => (this.#loading = undefined)));
  }

  attach(db: SqlJsDatabase): void {
    const before = this.#file;
    before?.release();
    this.#file = watchFile(this.#sqlJs, db, this.#image, before);
    this.#image = undefined;
  }

  commit(isLast = false): boolean | Promise<boolean> {
    try {
      const change = this.#file?.take();
      if (change) {
        this.#pending = merge(this.#pending, change);
        this.#unsaved++;
      }
      if (isLast) return this.#finish().then(() => change !== undefined);
      if (!change) return false;
      const failure = this.#failure;
      this.#failure = undefined;
      const saved = this.#save()?.catch((error: unknown) => this.#fail(error));
      if (this.#isStrict) return saved?.then(() => true) ?? true;
      saved?.catch((error: unknown) => (this.#failure = error));
      if (failure) throw failure;
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten?.();
    systemClock.clearTimeout(this.#timer);
    this.#file?.release();
    if (!this.#isLost) this.#store?.close();
  }

  async #load(): Promise<Uint8Array | undefined> {
    this.#file?.release();
    this.#file = undefined;
    try {
      if (!this.#store) {
        const store = await this.#home.open(() => this.#lose());
        if (this.#isClosed || this.#isLost) store.close();
        if (this.#isClosed) return undefined;
        if (this.#isLost) throw storageFailed(this.#name, "locked");
        this.#store = store;
      }
      // One that broke has left commits behind that are not written yet.
      await (this.#saving ?? this.#save());
      return (this.#image = await this.#store.load());
    } catch (error) {
      throw toStorageFailed(this.#name, error);
    }
  }

  /** Another tab has it: what is in memory here is not kept any more. */
  #lose(): void {
    this.#isLost = true;
    this.#store?.close();
    this.onLost?.();
  }

  async #finish(): Promise<void> {
    try {
      while (this.#saving) await this.#saving.catch(() => undefined);
      await this.#save();
      if (!this.#isLost) await this.#store?.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Settles when all that is pending now is in the store. */
  #save(): void | Promise<void> {
    if (this.#saving) {
      const again = (): void | Promise<void> => {
        this.#next = undefined;
        return this.#save();
      };
      return (this.#next ??= this.#saving.then(again, again));
    }
    const change = this.#pending;
    if (!change) return;
    if (this.#isLost) throw storageFailed(this.#name, "locked", undefined, "unknown", this.#counts);
    this.#pending = undefined;
    try {
      const count = this.#unsaved;
      const writing = this.#store!.write(change, this.#isStrict);
      if (!this.#isStrict) this.#flushSoon();
      if (writing) return this.#follow(writing, change, count);
      this.#count(count);
    } catch (error) {
      this.#pending = change;
      throw error;
    }
  }

  get #counts(): Counts {
    return { saved: this.#saved, unsaved: this.#unsaved };
  }

  #count(saved: number): void {
    this.#saved += saved;
    this.#unsaved -= saved;
  }

  #follow(writing: Promise<void>, change: Change, count: number): Promise<void> {
    return (this.#saving = writing.then(
      () => {
        this.#saving = undefined;
        this.#count(count);
      },
      (error: unknown) => {
        this.#saving = undefined;
        this.#pending = this.#pending ? merge(change, this.#pending) : change;
        throw error;
      },
    ));
  }

  #flushSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = systemClock.setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, FLUSH_MS);
  }

  // What fails here fails again at the next commit, or at dispose(): that reports it.
  async #flush(): Promise<void> {
    try {
      if (!this.#isClosed && !this.#isLost) await this.#store?.flush();
    } catch {}
  }

  #fail(error: unknown): never {
    throw toStorageFailed(this.#name, error, "unknown", this.#counts);
  }
}
