import type { Adapter, AdapterSource, Capabilities, DriverConnection, OpenOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { scan } from "../sqlite/scan.ts";
import { type Remains, SqlJsConnection } from "./connection.ts";
import type { SqlJsDatabase, SqlJsStatic } from "./driver.ts";
import type { SqlJsOptions } from "./index.ts";
import { encode } from "./values.ts";

const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: 1,
  placeholder: "?",
  // A stronger level than asked for is what the SQL standard allows.
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/** One database in memory: the engine outlives its connections, which are light handles on it. */
export class SqlJsAdapter implements Adapter {
  readonly name = "sql-js";
  readonly key: string | undefined;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: SqlJsOptions;
  readonly #name: string;
  #static: SqlJsStatic | undefined;
  #db: SqlJsDatabase | undefined;
  #isDirty = false;
  #connection: SqlJsConnection | undefined;

  constructor(options: SqlJsOptions, { url }: AdapterSource) {
    const name = /^sqljs:(\w[\w.-]*)$/i.exec(url)?.[1];
    if (!name) {
      // No adapter of ours takes a password behind this scheme, but people paste.
      const shown = url.replace(/\/\/.*@/, "//…@");
      throw new TypeError(`Expected \`sqljs:memory\` or \`sqljs:<name>\` (letters, digits, . _ -), got \`${shown}\``);
    }
    this.#options = options;
    this.#name = name;
    this.key = name === "memory" ? undefined : `sqljs:${name}`;
  }

  check(statement: Statement): void {
    encode(scan(statement.text), statement);
  }

  async open({ signal }: OpenOptions): Promise<DriverConnection> {
    const db = this.#db ?? (await this.#load());
    signal.throwIfAborted();
    if (this.#connection) throw connectFailed("its only connection is detached: close that first");
    // Settings, temporary and attached things are not in the image, nor are functions: hooks register them anew.
    if (this.#isDirty) {
      this.#db = this.#create(db.export());
      db.close();
    }
    this.#isDirty = false;
    return (this.#connection = new SqlJsConnection(this.#db!, (remains) => this.#leave(remains)));
  }

  async dispose(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    if (!db) return;
    try {
      // Whoever still has it is late: what they did not commit must not keep the rest from being saved.
      this.#connection?.close();
      if (this.key) await this.#options.storage?.save(this.#name, db.export());
    } catch (error) {
      throw this.#storageFailed(error);
    } finally {
      db.close();
    }
  }

  #leave(remains: Remains): void {
    this.#connection = undefined;
    this.#isDirty = remains === "dirty";
    if (remains === "lost") this.#db = undefined;
  }

  async #load(): Promise<SqlJsDatabase> {
    this.#static ??= await this.#start();
    let image: Uint8Array | undefined;
    try {
      if (this.key) image = await this.#options.storage?.load(this.#name);
    } catch (error) {
      throw this.#storageFailed(error);
    }
    // Somebody who gave up while waiting may have left one here.
    return (this.#db ??= this.#create(image));
  }

  async #start(): Promise<SqlJsStatic> {
    const { sqlJs } = this.#options;
    try {
      const found = typeof sqlJs === "function" ? await sqlJs() : sqlJs;
      const probe = new found.Database();
      // Before 1.15.2 an empty database gave an empty image, and an export closed all that was prepared.
      const isFit = probe.export().length > 0;
      probe.close();
      if (isFit) return found;
    } catch (error) {
      throw connectFailed("sql.js did not start: give what `await initSqlJs()` returns", error);
    }
    throw connectFailed("sql.js is too old: install 1.15.2 or later");
  }

  #create(image: Uint8Array | undefined): SqlJsDatabase {
    const db = new this.#static!.Database(image);
    try {
      // Nobody else can open it, and a journal beside it would be in memory too: without them SQLite is ten times faster.
      db.exec("PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=MEMORY");
      return db;
    } catch (error) {
      db.close();
      throw connectFailed(`the image of \`${this.#name}\` is no SQLite database`, error);
    }
  }

  #storageFailed(cause: unknown): DbError {
    return new DbError("STORAGE_FAILED", `the storage of \`${this.#name}\` failed`, { storage: this.#name }, { cause });
  }
}

function connectFailed(message: string, cause?: unknown): DbError {
  return new DbError("CONNECT_FAILED", message, { adapter: "sql-js" }, { cause });
}
