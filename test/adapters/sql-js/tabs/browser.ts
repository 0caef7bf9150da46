// A browser with several tabs, as far as they reach each other: locks, channels, and the files of one database. All that a tab does
// there is a step; at a chosen step a tab can die, and what it does behind that has no effect.

import { setImmediate } from "node:timers/promises";
import { createStorage, type Place } from "../../../../src/adapters/sql-js/storage/commit-storage.ts";
import { storageFailed } from "../../../../src/adapters/sql-js/storage/failure.ts";
import { LogStore } from "../../../../src/adapters/sql-js/storage/log-store.ts";
import type { Locks } from "../../../../src/adapters/sql-js/storage/platform.ts";
import type { StoredFile } from "../../../../src/adapters/sql-js/storage/stored-file.ts";
import { type SqlJsStatic, sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import type { Channel, TabPlatform } from "../../../../src/adapters/sql-js/tabs/platform.ts";
import { TabsAdapter } from "../../../../src/adapters/sql-js/tabs/tabs-adapter.ts";
import { createDatabase, type AdapterFactory, type Database, type DatabaseOptions } from "../../../../src/index.ts";
import { Disk } from "../storage/disk.ts";
import { engine } from "../target.ts";

interface Task {
  readonly to: BrowserTab;
  /** Of a message: who has posted it. */
  readonly from: BrowserTab | undefined;
  readonly run: () => void;
}

interface Request {
  readonly by: BrowserTab;
  readonly grant: () => void;
  readonly reject: (error: unknown) => void;
}

interface Lock {
  held: Request | undefined;
  readonly line: Request[];
}

export class Browser {
  readonly disk: Disk = new Disk();
  readonly tabs: BrowserTab[] = [];
  readonly locks: Map<string, Lock> = new Map();
  readonly channels: Map<string, Set<TabChannel>> = new Map();
  /** Who has the files open. */
  holder: { readonly by: BrowserTab; readonly lose: () => void } | undefined;
  steps = 0;
  /** Moves the clock on, by milliseconds. */
  advance: ((ms: number) => void) | undefined;
  onStep: ((step: number, by: BrowserTab) => void) | undefined;
  #tasks: Task[] = [];

  tab(leaderTimeoutMs: number = Infinity): BrowserTab {
    const tab = new BrowserTab(this, this.tabs.length, leaderTimeoutMs);
    this.tabs.push(tab);
    return tab;
  }

  /** Something that a tab does to the others, or to the disk. */
  step(by: BrowserTab): void {
    this.onStep?.(this.steps++, by);
  }

  queue(to: BrowserTab, run: () => void, from?: BrowserTab): void {
    this.#tasks.push({ to, from, run });
  }

  /** Runs the tabs, one task after another, until `work` has settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = work.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    for (let idle = 0; !isSettled; idle++) {
      await setImmediate();
      if (this.#turn()) idle = 0;
      else if (idle > 2_000) throw new Error("it hangs: nothing is under way, and no answer is there");
      // Time goes by when nothing else does.
      else if (idle > 5) this.advance?.(5);
    }
    return settled;
  }

  /** Runs the tabs beside what else there is. */
  async runAlways(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      this.#turn();
      await setImmediate();
    }
  }

  /** @returns false: nothing is to be done. */
  #turn(): boolean {
    const index = this.#tasks.findIndex(({ to }) => to.isDead || !to.isFrozen);
    const [task] = index < 0 ? [] : this.#tasks.splice(index, 1);
    if (task && !task.to.isDead) task.run();
    return task !== undefined;
  }

  /** What tabs have still open. */
  async left(): Promise<string[]> {
    // What was given back last is on its way.
    await this.run(setImmediate());
    const channels = [...this.channels].filter(([, all]) => [...all].some(({ by }) => !by.isDead));
    const locks = [...this.locks].filter(([, { held, line }]) => held || line.length > 0);
    return [...[...channels, ...locks].map(([name]) => name), ...(this.holder ? ["the files"] : [])];
  }

  release(name: string, request: Request): void {
    const lock = this.locks.get(name)!;
    if (lock.held !== request) return;
    lock.held = undefined;
    this.#next(lock);
  }

  request(name: string, request: Request, isSteal: boolean): void {
    const lock = this.locks.get(name) ?? { held: undefined, line: [] };
    this.locks.set(name, lock);
    if (isSteal) {
      const before = lock.held;
      lock.held = request;
      if (before) this.queue(before.by, () => before.reject(new DOMException("stolen", "AbortError")));
      this.queue(request.by, request.grant);
    } else {
      lock.line.push(request);
      this.#next(lock);
    }
  }

  leaveLine(name: string, request: Request): void {
    const { line } = this.locks.get(name)!;
    const at = line.indexOf(request);
    if (at >= 0) line.splice(at, 1);
  }

  /** @param losesPosts - what it has posted, and nobody has heard yet, is lost: so it is where its process crashes. */
  kill(tab: BrowserTab, losesPosts = false): void {
    tab.isDead = true;
    if (losesPosts) this.#tasks = this.#tasks.filter(({ from }) => from !== tab);
    for (const channels of this.channels.values())
      for (const channel of channels) if (channel.by === tab) channels.delete(channel);
    if (this.holder?.by === tab) this.holder = undefined;
    for (const lock of this.locks.values()) {
      for (const request of lock.line.filter(({ by }) => by === tab)) lock.line.splice(lock.line.indexOf(request), 1);
      if (lock.held?.by === tab) lock.held = undefined;
      this.#next(lock);
    }
  }

  #next(lock: Lock): void {
    if (lock.held) return;
    const next = (lock.held = lock.line.shift());
    if (next) this.queue(next.by, next.grant);
  }
}

class TabChannel implements Channel {
  readonly by: BrowserTab;
  readonly #name: string;
  readonly #listeners: ((message: unknown) => void)[] = [];
  #isClosed = false;

  constructor(by: BrowserTab, name: string) {
    this.by = by;
    this.#name = name;
    const all = by.browser.channels.get(name) ?? new Set();
    by.browser.channels.set(name, all.add(this));
  }

  post(message: unknown): void {
    const { browser } = this.by;
    if (this.#isClosed || this.by.isDead) return;
    const copy: unknown = structuredClone(message);
    for (const other of browser.channels.get(this.#name)!)
      if (other !== this) browser.queue(other.by, () => other.#deliver(copy), this.by);
    browser.step(this.by);
  }

  listen(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.by.browser.channels.get(this.#name)!.delete(this);
  }

  #deliver(message: unknown): void {
    if (!this.#isClosed) for (const listener of this.#listeners) listener(message);
  }
}

let names = 0;

export class BrowserTab implements TabPlatform {
  readonly browser: Browser;
  readonly number: number;
  readonly leaderTimeoutMs: number;
  isDead = false;
  isFrozen = false;
  /** Its storage is switched off, and locks with it. */
  isForbidden = false;
  readonly locks: Locks;
  readonly #engineName = `tab-${++names}`;

  constructor(browser: Browser, number: number, leaderTimeoutMs: number) {
    this.browser = browser;
    this.number = number;
    this.leaderTimeoutMs = leaderTimeoutMs;
    this.locks = { request: (name, options, work) => this.#request(name, options, work) };
  }

  channel(name: string): Channel {
    return new TabChannel(this, name);
  }

  /** A Database of this tab. Each tab has an engine of its own, and all have the same files. */
  database(options: Partial<DatabaseOptions> = {}): Database {
    return createDatabase("sqljs:shop", { adapters: [this.factory()], ...options });
  }

  factory(build: SqlJsStatic = engine): AdapterFactory {
    const inner = sqlJs({ sqlJs: build, storage: this.#storage() });
    const own: AdapterFactory = {
      ...inner,
      create: (source) => inner.create({ ...source, url: `sqljs:${this.#engineName}` }),
    };
    return {
      dialect: "sqlite",
      schemes: ["sqljs"],
      identity: [this],
      create: (source) => new TabsAdapter(this, own, source, this.leaderTimeoutMs),
    };
  }

  async #request<T>(
    name: string,
    options: { signal?: AbortSignal; ifAvailable?: boolean; steal?: boolean },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T> {
    const { browser } = this;
    if (this.isForbidden) throw new DOMException("access to the Locks API is denied in this context", "SecurityError");
    const held = browser.locks.get(name);
    if (options.ifAvailable && held && (held.held || held.line.length > 0)) return work(null);
    return new Promise<T>((resolve, reject) => {
      const request: Request = {
        by: this,
        grant: () => {
          options.signal?.removeEventListener("abort", abort);
          void work({})
            .then(resolve, reject)
            .finally(() => browser.release(name, request));
        },
        reject,
      };
      const abort = (): void => {
        browser.leaveLine(name, request);
        reject(options.signal!.reason as Error);
      };
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener("abort", abort);
      browser.request(name, request, options.steal === true);
    });
  }

  /** The database's files: one tab at a time has them open, as with the handles of OPFS. */
  #storage(): ReturnType<typeof createStorage> {
    const place: Place = {
      kind: `disk of ${this.#engineName}`,
      open: (_, name, { takesOver, onLost }) => {
        const { browser } = this;
        if (this.isDead) throw new Error("this tab is dead");
        if (browser.holder && !takesOver) throw storageFailed(name, "locked");
        // In its worker, which runs also where its page is frozen.
        browser.holder?.lose();
        const files: StoredFile[] = browser.disk.files.map((file) => new TabFile(this, file));
        const holder = { by: this, lose: () => onLost?.() };
        browser.holder = holder;
        const [base, ...logs] = files as [StoredFile, StoredFile, StoredFile];
        const onClose = (): void => {
          if (browser.holder === holder) browser.holder = undefined;
        };
        return new LogStore(name, { base, logs }, { onClose });
      },
      remove: () => undefined,
    };
    return createStorage(place, {});
  }
}

/** A tab's handle of a file. */
class TabFile implements StoredFile {
  readonly #tab: BrowserTab;
  readonly #file: StoredFile;
  #isClosed = false;

  constructor(tab: BrowserTab, file: StoredFile) {
    this.#tab = tab;
    this.#file = file;
  }

  sizeBytes(): number {
    return this.#open().sizeBytes();
  }

  read(into: Uint8Array, at: number): number {
    return this.#open().read(into, at);
  }

  write(bytes: Uint8Array, at: number): number {
    return this.#changed(this.#open().write(bytes, at));
  }

  truncate(sizeBytes: number): void {
    this.#changed(this.#open().truncate(sizeBytes));
  }

  flush(): void {
    this.#changed(this.#open().flush());
  }

  close(): void {
    this.#isClosed = true;
  }

  #changed<T>(result: T): T {
    this.#tab.browser.step(this.#tab);
    return result;
  }

  #open(): StoredFile {
    if (this.#isClosed) throw new DOMException("the handle is closed", "InvalidStateError");
    if (this.#tab.isDead) throw new Error("this tab is dead");
    return this.#file;
  }
}
