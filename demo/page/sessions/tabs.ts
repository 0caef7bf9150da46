// The other tabs of this page: each tells the others what its sessions do, and is missed when it is gone.

import type { DatabaseEvent } from "../../../src/index.ts";
import { shifted, type Track } from "./track.ts";

const CHANNEL = "isopool-page";
const ORIGIN = performance.timeOrigin;

type Message =
  /** A tab that has come, or has turned to another database: the others say what runs there. */
  | { readonly type: "hello" | "here"; readonly tracks: readonly Track[] }
  | { readonly type: "event"; readonly event: DatabaseEvent };

/** `origin`: where the clock of its tab begins, in milliseconds since 1970. */
type Letter = Message & {
  readonly from: number;
  readonly database: string;
  readonly at: number;
  readonly origin: number;
};

export interface TabsOptions {
  /** Of this tab: what a tab that comes later has missed. */
  running(): readonly Track[];
  onTracks(tab: number, tracks: readonly Track[]): void;
  onEvent(tab: number, event: DatabaseEvent, at: number): void;
  onGone(tab: number): void;
}

/** Fires `change` when another tab comes, goes, or turns to another database. */
export class Tabs extends EventTarget {
  /** Of this tab, from 1: a number is a lock, which its tab holds while it lives. */
  number = 1;
  readonly #options: TabsOptions;
  /** The database that each of the others has open. */
  readonly #others = new Map<number, string>();
  #channel: BroadcastChannel | undefined;
  /** What tabs share that have it open; `""`: nothing, it is this tab's own. */
  #database = "";

  constructor(options: TabsOptions) {
    super();
    this.#options = options;
    void this.#join();
  }

  /** Tabs that have the same database open, by their numbers. */
  get beside(): number[] {
    return [...this.#others].filter(([, database]) => this.#shares(database)).map(([tab]) => tab);
  }

  /** Whether another tab has that database open. */
  has(database: string): boolean {
    return [...this.#others.values()].includes(database);
  }

  /** This tab has another database open. */
  turnTo(database: string): void {
    this.#database = database;
    this.#post({ type: "hello", tracks: this.#options.running() });
    this.#tell();
  }

  /** A session of this tab did something. */
  pass(event: DatabaseEvent): void {
    if (this.#database !== "") this.#post({ type: "event", event: plain(event) });
  }

  async #join(): Promise<void> {
    // Pages that were not loaded over HTTPS have no locks, and share nothing; nor does Node, where this is tested.
    if (!("locks" in (globalThis.navigator ?? {}))) return;
    try {
      for (let number = 1; !(await hold(lockOf(number))); number++) this.number = number + 1;
    } catch {
      // Refused where storage is switched off, as everything is that tabs could share.
      return;
    }
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Letter>) => this.#hear(data));
    this.#post({ type: "hello", tracks: this.#options.running() });
    this.#tell();
  }

  #post(message: Message): void {
    const letter: Letter = {
      ...message,
      from: this.number,
      database: this.#database,
      at: performance.now(),
      origin: ORIGIN,
    };
    this.#channel?.postMessage(letter);
  }

  #hear(letter: Letter): void {
    const { from, database, origin } = letter;
    const shift = origin - ORIGIN;
    if (!this.#others.has(from)) void this.#miss(from);
    const isNews = this.#others.get(from) !== database;
    this.#others.set(from, database);
    if (letter.type === "hello") this.#post({ type: "here", tracks: this.#options.running() });
    if (isNews) this.#tell();
    if (!this.#shares(database)) return;
    if (letter.type === "event") this.#options.onEvent(from, letter.event, letter.at + shift);
    else
      this.#options.onTracks(
        from,
        letter.tracks.map((track) => shifted(track, shift)),
      );
  }

  /** Waits for the end of a tab. */
  async #miss(tab: number): Promise<void> {
    await navigator.locks.request(lockOf(tab), { mode: "shared" }, () => undefined);
    this.#others.delete(tab);
    this.#options.onGone(tab);
    this.#tell();
  }

  #shares(database: string): boolean {
    return database !== "" && database === this.#database;
  }

  #tell(): void {
    this.dispatchEvent(new Event("change"));
  }
}

function lockOf(number: number): string {
  return `isopool-page/tab/${number}`;
}

/** Holds a lock as long as this tab lives. @returns false: another one has it. */
function hold(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise<never>(() => undefined);
      })
      .catch(reject);
  });
}

/** Errors lose much on their way to another tab, and may hold what cannot be sent: their message is what is shown. */
function plain(event: DatabaseEvent): DatabaseEvent {
  if (!("error" in event)) return event;
  return { ...event, error: event.error instanceof Error ? event.error.message : event.error && String(event.error) };
}
