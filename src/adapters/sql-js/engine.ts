import type { MaybePromise } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";
import type { SqlJsDatabase, SqlJsStatic } from "./driver.ts";
import { connectFailed, messageOf } from "./errors.ts";
import { checkImage, faultOf, isWal } from "./image.ts";
import type { SqlJsCommitStorage, SqlJsStorage, StoredDatabase } from "./storage.ts";
import { Turn } from "./turn.ts";

/** What decides about a database's data: two that name one database must agree on it. */
export interface EngineOptions {
  readonly sqlJs: SqlJsStatic;
  readonly storage: SqlJsStorage | SqlJsCommitStorage | undefined;
  readonly warn: (message: string) => void;
  readonly takesOver?: boolean | undefined;
}

/** An adapter, as the engine knows it. */
export interface EngineUser {
  /** How long it waits for the others. */
  readonly busyTimeoutMs?: number | undefined;
  /** Changes were committed. */
  onChange?(isOwn: boolean): void;
}

// On the global object, by a name with the version of its shape: a hot reload and a second copy of the package find the
// same databases. Copies call methods of each other's engines, and nothing else.
const KEY = Symbol.for("isopool.sql-js.1");

function engines(): Map<string, Engine> {
  return ((globalThis as { [KEY]?: Map<string, Engine> })[KEY] ??= new Map());
}

/** The engine of a name: one in this isolate, until its last user has left and all is saved. */
export function findEngine(name: string, options: EngineOptions): Engine {
  const engine = engines().get(name) ?? new Engine(name, options);
  // Private: the name is that of every such database.
  if (name !== "memory") engines().set(name, engine);
  return engine;
}

/** One database in memory. It outlives its connections, which are light handles on it, and serves one of them at a time. */
export class Engine {
  readonly turn: Turn = new Turn();
  db: SqlJsDatabase | undefined;
  /** Where each commit is kept, if it is. */
  stored: StoredDatabase | undefined;
  /** The connection that has left settings or temporary things in it, if one has. */
  owner: object | undefined;
  /** Somebody has the driver's own handle, and may have begun a transaction by it. */
  hasRaw = false;
  /** Counts what may have been changes of the schema. */
  schema = 0;
  readonly #name: string;
  readonly #options: EngineOptions;
  readonly #users: Set<EngineUser> = new Set();
  #saving: Promise<unknown> = Promise.resolve();
  #saves = 0;
  #isUnsaved = false;
  #isOver = false;

  constructor(name: string, options: EngineOptions) {
    this.#name = name;
    this.#options = options;
  }

  /**
   * Opens it for one more user, or once more for one that lost it.
   *
   * @returns false: it has ended meanwhile, and another has its name.
   * @throws DbError `CONNECT_FAILED` | `STORAGE_FAILED`
   */
  async join(user: EngineUser, options: EngineOptions): Promise<boolean> {
    if (this.#isOver || (!this.#users.has(user) && !(await this.#admit(user, options)))) return false;
    try {
      if (this.db) return true;
      const image = await this.#load();
      if (!this.#users.has(user)) throw connectFailed("the database was disposed");
      // Others may have been faster.
      this.db ??= this.#create(image);
      return true;
    } catch (error) {
      this.#users.delete(user);
      if (this.#users.size === 0) this.#end();
      throw error;
    }
  }

  /** The database as `handle` is to see it: a copy, where others have left settings, temporary or attached things in it. */
  enter(handle: object): SqlJsDatabase | undefined {
    const { db, owner } = this;
    if (db && owner && owner !== handle) {
      this.db = this.#create(db.export());
      this.owner = undefined;
      db.close();
    }
    return this.db;
  }

  /** Keeps what was committed by a user, and tells all of them. */
  commit(by: EngineUser): MaybePromise<void> {
    const kept = this.stored!.commit();
    if (kept === true) this.#tell(by);
    else if (kept)
      return kept.then((isChange) => {
        if (isChange) this.#tell(by);
      });
  }

  /** Another tab has the database now: what is open here is lost. */
  abandon(): void {
    this.#end();
  }

  /** Takes a user off, and saves what there is: the last one to leave ends the engine. */
  async leave(user: EngineUser): Promise<void> {
    if (!this.#users.delete(user)) return;
    // Others go on, and are in a transaction: they save it when they leave.
    if (this.db && (this.#users.size === 0 || !this.turn.holder)) await this.#save();
    if (this.#users.size === 0 && this.#saves === 0 && !(this.db && this.#isUnsaved)) this.#end();
  }

  async #admit(user: EngineUser, { sqlJs, storage }: EngineOptions): Promise<boolean> {
    const other = this.#options;
    const isInUse = this.#users.size > 0;
    const differing = [
      keyOf(storage) !== keyOf(other.storage) &&
        `\`storage\` (${show(other.storage, "one")} there, ${show(storage, "another")} here)`,
      isInUse && sqlJs !== other.sqlJs && "`sqlJs`",
    ].filter(Boolean);
    if (differing.length === 0) return Boolean(this.#users.add(user));
    if (isInUse || this.#isUnsaved)
      throw connectFailed(
        `\`sqljs:${this.#name}\` is ${isInUse ? "open" : "not saved yet"}, with another ${differing.join(" and another ")}: give both the same or dispose of one`,
      );
    await this.#saving;
    return false;
  }

  async #load(): Promise<Uint8Array | undefined> {
    const { sqlJs, storage, warn, takesOver } = this.#options;
    let image: Uint8Array | undefined;
    try {
      this.stored ??= storage?.open?.(this.#name, sqlJs, { takesOver });
      // What is in memory is of the past from then on.
      if (this.stored) this.stored.onLost = () => this.#end();
      image = await (this.stored ?? (storage as SqlJsStorage | undefined))?.load(this.#name);
      if (image) checkImage(image);
    } catch (error) {
      throw this.#storageFailed(error);
    }
    if (!image) return;
    const fault = faultOf(image);
    if (fault) throw connectFailed(`the image of \`${this.#name}\` ${fault}`);
    if (isWal(image))
      warn(
        `isopool: the image of \`${this.#name}\` is from WAL mode and may lack its \`-wal\` file: run \`PRAGMA wal_checkpoint(TRUNCATE)\` there, copy again`,
      );
    return image;
  }

  #create(image: Uint8Array | undefined): SqlJsDatabase {
    const db = new this.#options.sqlJs.Database(image);
    try {
      this.stored?.attach(db);
      // Nobody else can open it, and a journal beside it would be in memory too: without them SQLite is ten times faster.
      db.exec("PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=MEMORY;PRAGMA foreign_keys=ON");
      return db;
    } catch (error) {
      db.close();
      throw connectFailed(`the image of \`${this.#name}\` is damaged: ${messageOf(error)}`, error);
    }
  }

  async #save(): Promise<void> {
    const { storage } = this.#options;
    if (!storage) return;
    this.#saves++;
    try {
      const image = storage.open ? undefined : this.db!.export();
      // One after another: the newest must be the last.
      const saving = this.#saving.then(() =>
        image ? (storage as SqlJsStorage).save(this.#name, image) : this.stored?.commit(true),
      );
      this.#saving = saving.catch(() => undefined);
      await saving;
      this.#isUnsaved = false;
    } catch (error) {
      // It is kept: a new Database of this name goes on with it, and saves it in its turn.
      this.#isUnsaved = true;
      throw this.#storageFailed(error);
    } finally {
      this.#saves--;
    }
  }

  #tell(by: EngineUser): void {
    for (const user of this.#users) user.onChange?.(user === by);
  }

  #end(): void {
    this.#isOver = true;
    if (engines().get(this.#name) === this) engines().delete(this.#name);
    this.db?.close();
    this.stored?.close();
    this.db = this.stored = undefined;
  }

  #storageFailed(cause: unknown): DbError {
    const storage = this.#name;
    return cause instanceof DbError
      ? cause
      : new DbError("STORAGE_FAILED", `the storage of \`${storage}\` failed`, { storage }, { cause });
  }
}

function keyOf(storage: EngineOptions["storage"]): unknown {
  return storage?.key ?? storage;
}

function show(storage: EngineOptions["storage"], unnamed: string): string {
  return storage ? (typeof storage.key === "string" ? storage.key : unnamed) : "none";
}
