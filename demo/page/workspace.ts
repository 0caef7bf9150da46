// The database that is open, and what the page knows of it.

import type { Database, DatabaseEvent, DatabaseStats } from "../../src/index.ts";
import type { TabRole } from "../../src/contract/events.ts";
import { activities } from "./activities.ts";
import { type Catalog, NO_CATALOG, readCatalog, type TableInfo } from "./catalog.ts";
import { discard, type KeptIn, onFile } from "./engine/engine.ts";
import { plural } from "./format.ts";
import { dropKept, imageOf, isLocked, isSqlite, open, type Opened, openImage, reasonOf } from "./opening.ts";
import { placeOf } from "./link.ts";
import { tabs, timeline } from "./sessions/timeline.ts";
import { type Kept, SAMPLE, shelf } from "./shelf.ts";
import { fillShop, renewShop } from "./shop.ts";

type Stats = Pick<DatabaseStats, "open" | "busy" | "idle" | "waiting" | "waits" | "flights">;

/** Another tab may commit hundreds of times in a second: its changes are read this often at the most. */
const REREAD_MS = 250;

const NO_STATS: Stats = { open: 0, busy: 0, idle: 0, waiting: 0, waits: 0, flights: 0 };

/**
 * Fires `change` when another database is open, `schema` when its tables were read anew, `notice` when there is something to say, and
 * `written` when something was.
 */
class Workspace extends EventTarget {
  #opened: Opened | undefined;
  #kept: Kept = shelf.current;
  #catalog: Catalog = NO_CATALOG;
  #isStale = false;
  /** Written since it was opened or downloaded, and kept nowhere. */
  #isUnsaved = false;
  #opening: Promise<void> = Promise.resolve();
  #rereading: ReturnType<typeof setTimeout> | undefined;
  /** What went wrong with the last file; `""` when nothing did. */
  problem = "";
  notice = "";
  /** Another tab has the database: a person chooses what to do. */
  isLocked = false;

  get isReady(): boolean {
    return this.#opened !== undefined;
  }

  get kept(): Kept {
    return this.#kept;
  }

  get isSample(): boolean {
    return this.#kept.isSample;
  }

  get name(): string {
    return this.#kept.name;
  }

  get fileName(): string {
    return this.#kept.fileName;
  }

  get keptIn(): KeptIn | undefined {
    return this.#opened?.keptIn;
  }

  /** Of this tab, among those that share what is kept. */
  get role(): TabRole | undefined {
    return this.#opened?.db.stats().role;
  }

  /** Whether closing the page loses something. */
  get isUnsaved(): boolean {
    return activities.isPrecious || (this.#isUnsaved && this.keptIn === "memory");
  }

  get catalog(): Catalog {
    return this.#catalog;
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

  /** Opens what was open last. */
  start(): Promise<void> {
    return this.reopen(shelf.current);
  }

  /** Opens one that this browser keeps; the sample is made where it is not there. */
  reopen(kept: Kept, { isInMemory = false } = {}): Promise<void> {
    return this.#replace(kept, async (onEvent) => {
      const opened = await open({ id: kept.id, onEvent, isInMemory });
      if (!kept.isSample || opened.catalog.tables.length > 0) return opened;
      await fillShop(opened.db);
      return { ...opened, catalog: await readCatalog(opened.db) };
    });
  }

  /** The sample, in memory: where another tab has the one that is kept. */
  openInMemory(): Promise<void> {
    return this.reopen(SAMPLE, { isInMemory: true });
  }

  /** The sample as it was made, in place of what has become of it: in one session, which other tabs see as one change. */
  async renewSample(): Promise<void> {
    await activities.during("the new sample shop", () => renewShop(this.db));
    await this.noteChange({ isUrgent: true });
  }

  /** Opens a file of the user's; what was open stays open when it is no database, and stays kept when it is one. */
  async openFile(file: File): Promise<void> {
    const image = new Uint8Array(await file.arrayBuffer());
    if (!isSqlite(image)) {
      this.#fail(`${file.name} is not an SQLite database. The previous database is still open.`);
      return;
    }
    await this.#openNew(file.name, (options) => openImage(image, options));
  }

  openEmpty(): Promise<void> {
    return this.#openNew("new.sqlite", (options) => open(options));
  }

  /** Ends what the worker does, with all that is in its memory alone. */
  async endWorker(): Promise<void> {
    this.#opened?.end();
    if (this.keptIn === "memory") await this.reopen(this.#kept, { isInMemory: true });
  }

  /** Removes one from this browser; where it is open, the sample takes its place. */
  async remove(kept: Kept): Promise<void> {
    if (tabs.has(kept.id))
      return this.complain(`${kept.name} is open in another tab. Close it there, or turn to another database.`);
    if (this.#kept.id === kept.id && this.#opened) await dropKept(this.#release()!, kept.id);
    else await onFile({ op: "remove", name: kept.id });
    shelf.forget(kept);
    if (!this.#opened) await this.reopen(SAMPLE);
    this.say(`${kept.name} was removed from this browser.`);
  }

  /** The database as the bytes of a file. */
  async image(): Promise<Uint8Array<ArrayBuffer>> {
    const image = await activities.during("the download", () => imageOf(this.db));
    this.#isUnsaved = false;
    return image;
  }

  say(notice: string): void {
    this.notice = notice;
    this.problem = "";
    this.dispatchEvent(new Event("notice"));
  }

  complain(problem: string): void {
    this.#fail(problem);
  }

  /** Something was written: counts and tables are read again when they are next looked at, or now. */
  async noteChange({ isUrgent = false } = {}): Promise<void> {
    this.#isStale = true;
    this.#isUnsaved = true;
    this.dispatchEvent(new Event("written"));
    if (isUrgent) await this.refresh();
  }

  /** Reads tables and counts again, if anything was written since. */
  async refresh(): Promise<void> {
    if (!this.#isStale || !this.#opened) return;
    this.#isStale = false;
    const { db } = this.#opened;
    const catalog = await activities.during("the list of tables", () => readCatalog(db)).catch(() => undefined);
    if (!catalog || db !== this.#opened?.db) return;
    this.#catalog = catalog;
    this.dispatchEvent(new Event("schema"));
  }

  /** Of the database that is open now: the events of one that is on its way out are told, and change nothing. */
  #hear(event: DatabaseEvent, id: string): void {
    timeline.record(event);
    tabs.pass(event);
    if (id !== this.#kept.id || !this.#opened) return;
    if (event.type === "role") this.dispatchEvent(new Event("notice"));
    if (event.type === "change" && !event.isOwn) this.#noteOthers();
  }

  /** Another tab has committed: what is looked at is read again, and the rest when it is looked at. */
  #noteOthers(): void {
    this.#isStale = true;
    if (placeOf(location.hash).door !== "try" || this.#rereading !== undefined) return;
    this.#rereading = setTimeout(() => {
      this.#rereading = undefined;
      void this.refresh();
    }, REREAD_MS);
  }

  #openNew(
    fileName: string,
    how: (options: { id: string; onEvent: (event: DatabaseEvent) => void; isInMemory: boolean }) => Promise<Opened>,
  ): Promise<void> {
    const id = `file-${Date.now().toString(36)}`;
    const kept = { id, name: fileName, fileName, isSample: false };
    const isInMemory = this.keptIn === "memory";
    return this.#replace(kept, (onEvent) => how({ id, onEvent, isInMemory }));
  }

  /** One after another: a file dropped while another is opened has its turn. */
  #replace(kept: Kept, how: (onEvent: (event: DatabaseEvent) => void) => Promise<Opened>): Promise<void> {
    const replaced = this.#opening.then(() => this.#open(kept, how));
    this.#opening = replaced.catch(() => undefined);
    return replaced;
  }

  async #open(kept: Kept, how: (onEvent: (event: DatabaseEvent) => void) => Promise<Opened>): Promise<void> {
    // One database is open once: the same one again comes behind its own end.
    if (this.#opened && this.#kept.id === kept.id) await discard(this.#release()?.db);
    try {
      const opened = await how((event) => this.#hear(event, kept.id));
      const previous = this.#release();
      this.#opened = opened;
      this.#kept = kept;
      this.#catalog = opened.catalog;
      this.#isStale = this.#isUnsaved = this.isLocked = false;
      tabs.turnTo(opened.keptIn === "memory" ? "" : kept.id);
      if (opened.keptIn !== "memory") shelf.choose(kept);
      const found = `${kept.name} is open, with ${plural(ownTables(opened.catalog), "table")}.`;
      this.say(kept.isSample ? "" : [found, opened.remark].filter(Boolean).join(" "));
      this.dispatchEvent(new Event("change"));
      this.dispatchEvent(new Event("schema"));
      await discard(previous?.db);
    } catch (error) {
      this.isLocked = isLocked(error);
      const after = this.isReady ? " The previous database is still open." : "";
      this.#fail(
        this.isLocked
          ? `A tab of this browser that gives no answer has ${kept.name} open.${after}`
          : `${kept.name} cannot be opened: ${reasonOf(error)}.${after}`,
      );
    }
  }

  /** The one that was open is not any more. */
  #release(): Opened | undefined {
    const opened = this.#opened;
    this.#opened = undefined;
    return opened;
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.notice = "";
    this.dispatchEvent(new Event("notice"));
  }
}

/** Views and what virtual tables keep their data in are not counted. */
function ownTables({ tables }: Catalog): number {
  return tables.filter(({ kind, isInternal }) => kind === "table" && !isInternal).length;
}

export const workspace = new Workspace();
