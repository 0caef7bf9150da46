// The database that is open, and what the page knows of it.

import { type Database, type DatabaseEvent, type DatabaseStats, isDbError } from "../../src/index.ts";
import { type Catalog, readCatalog, type TableInfo } from "./catalog.ts";
import { plural } from "./format.ts";
import { timeline } from "./sessions/timeline.ts";
import { fillShop } from "./shop.ts";
import { imageOf, openDatabase } from "./sqlite.ts";

type Stats = Pick<DatabaseStats, "open" | "busy" | "idle" | "waiting" | "waits" | "flights">;

interface Opened {
  readonly db: Database;
  readonly name: string;
  readonly fileName: string;
  readonly isSample: boolean;
}

const SQLITE_HEADER = "SQLite format 3\0";
/** It was written in WAL mode, and its `-wal` file was not given. */
const PARTIAL = " Its last writes may be missing: they are in its -wal file.";
const NO_STATS: Stats = { open: 0, busy: 0, idle: 0, waiting: 0, waits: 0, flights: 0 };
const NO_CATALOG: Catalog = { tables: [], completions: {} };

/** Fires `change` when another database is open, `schema` when its tables were read anew, `notice` when there is something to say. */
class Workspace extends EventTarget {
  #opened: Opened | undefined;
  #catalog = NO_CATALOG;
  #isStale = false;
  /** What went wrong with the last file; `""` when nothing did. */
  problem = "";
  notice = "";

  get isReady(): boolean {
    return this.#opened !== undefined;
  }

  get isSample(): boolean {
    return this.#opened?.isSample ?? true;
  }

  get name(): string {
    return this.#opened?.name ?? "";
  }

  get fileName(): string {
    return this.#opened?.fileName ?? "";
  }

  get tables(): readonly TableInfo[] {
    return this.#catalog.tables;
  }

  /** Column names by table. */
  get completions(): Record<string, string[]> {
    return this.#catalog.completions;
  }

  get db(): Database {
    if (!this.#opened) throw new Error("No database is open yet");
    return this.#opened.db;
  }

  stats(): Stats {
    return this.#opened?.db.stats() ?? NO_STATS;
  }

  async openSample(): Promise<void> {
    await this.#open({ name: "Sample shop", fileName: "sample-shop.sqlite", isSample: true }, undefined, fillShop);
  }

  /** Opens a file of the user's; what was open stays open when it is no database. */
  async openFile(file: File): Promise<void> {
    const image = new Uint8Array(await file.arrayBuffer());
    const header = new TextDecoder("latin1").decode(image.subarray(0, SQLITE_HEADER.length));
    if (header !== SQLITE_HEADER) {
      this.#fail(`${file.name} is not an SQLite database. The previous database is still open.`);
      return;
    }
    await this.#open({ name: file.name, fileName: file.name, isSample: false }, image);
  }

  /** The database as the bytes of a file. */
  image(): Promise<Uint8Array<ArrayBuffer>> {
    return imageOf(this.db);
  }

  say(notice: string): void {
    this.notice = notice;
    this.problem = "";
    this.dispatchEvent(new Event("notice"));
  }

  /** Something was written: counts and tables are read again when they are next looked at, or now. */
  async noteChange({ isUrgent = false } = {}): Promise<void> {
    this.#isStale = true;
    if (isUrgent) await this.refresh();
  }

  /** Reads tables and counts again, if anything was written since. */
  async refresh(): Promise<void> {
    if (!this.#isStale || !this.#opened) return;
    this.#isStale = false;
    const { db } = this.#opened;
    const catalog = await readCatalog(db);
    if (db !== this.#opened?.db) return;
    this.#catalog = catalog;
    this.dispatchEvent(new Event("schema"));
  }

  async #open(
    about: Omit<Opened, "db">,
    image: Uint8Array | undefined,
    fill?: (db: Database) => Promise<void>,
  ): Promise<void> {
    let db: Database | undefined;
    let isPartial = false;
    try {
      const record = (event: DatabaseEvent): void => timeline.record(event);
      db = openDatabase(image, record, () => (isPartial = true));
      await fill?.(db);
      const catalog = await readCatalog(db);
      const previous = this.#opened;
      this.#opened = { db, ...about };
      this.#catalog = catalog;
      this.#isStale = false;
      const found = `${about.name} is open, with ${plural(catalog.tables.length, "table")}.`;
      this.say(about.isSample ? "" : found + (isPartial ? PARTIAL : ""));
      this.dispatchEvent(new Event("change"));
      this.dispatchEvent(new Event("schema"));
      await drop(previous?.db);
    } catch (error) {
      await drop(db);
      this.#fail(
        `${about.name} cannot be opened: ${reasonOf(error)}${this.isReady ? " The previous database is still open." : ""}`,
      );
    }
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.notice = "";
    this.dispatchEvent(new Event("notice"));
  }
}

/** Its storage is told to keep the image; what cannot be read cannot be kept either, and nobody wants it. */
async function drop(db: Database | undefined): Promise<void> {
  await db?.dispose({ timeoutMs: 0 }).catch(() => undefined);
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const plain = isDbError(error) ? text.slice(error.code.length + 2) : text;
  return /[.!?]$/.test(plain) ? plain : `${plain}.`;
}

export const workspace = new Workspace();
