import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";
import { transactionLost } from "../shared/failures.ts";
import type { ObjectStorage, ObjectTransaction } from "./driver.ts";

interface Waiter {
  readonly who: object;
  readonly resume: () => void;
}

/** A transaction of the storage, or one inside it, that is open. */
interface Level {
  /** Of its savepoint; `undefined`: the transaction itself. */
  readonly name: string | undefined;
  /** When it is given up, and the whole transaction with it. */
  readonly until: number;
  /** Resolves when it is over. */
  readonly end: (isUndone: boolean) => Promise<void>;
  readonly timer: unknown;
}

/**
 * The one database of an object, for all sessions of it. They take turns: what one of them has begun would take in the
 * statements of all the others.
 */
export class Engine {
  readonly storage: ObjectStorage;
  /** Whose turn it is. */
  #holder: object | undefined;
  readonly #line: Waiter[] = [];
  readonly #levels: Level[] = [];
  /** When the transaction is given up, and what is called then. */
  #until = 0;
  #onTimeout!: (timeoutMs: number) => void;
  /** Which transaction it is: one that ended while a savepoint of it was on its way takes that along. */
  #count = 0;

  constructor(storage: ObjectStorage) {
    this.storage = storage;
  }

  /**
   * Waits for the turn; `undefined`: it has come at once. No timer runs here: those of before do not fire while a transaction
   * of the storage is open, and none is open for longer than its own limit.
   */
  take(who: object, signal?: AbortSignal): Promise<void> | undefined {
    if (this.#holder === undefined || this.#holder === who) {
      this.#holder = who;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#line.splice(this.#line.indexOf(waiter), 1);
        reject(reasonOf(signal!));
      };
      const waiter: Waiter = {
        who,
        resume: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#line.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Who has the turn is done with it. */
  pass(who: object): void {
    if (this.#holder !== who) return;
    const next = this.#line.shift();
    this.#holder = next?.who;
    next?.resume();
  }

  /**
   * Begins a transaction, or a savepoint inside one.
   *
   * @param onTimeout - called when the transaction was rolled back because it, or a level of it, was open for longer than that.
   */
  async begin(timeoutMs: number, onTimeout: (timeoutMs: number) => void): Promise<void> {
    this.#until = systemClock.now() + timeoutMs;
    this.#onTimeout = onTimeout;
    await this.#enter(undefined);
  }

  /** Ends the whole transaction, innermost level first. */
  async end(isUndone: boolean): Promise<void> {
    this.#count++;
    await this.#leave(0, isUndone);
  }

  /** @param until - when it is given up, if that is before the transaction is. */
  savepoint(name: string, until?: number): Promise<void> {
    return this.#enter(name, until);
  }

  async release(name: string): Promise<void> {
    await this.#leave(this.#find(name), false);
  }

  /** Takes back what came after the savepoint, which stays: SQLite's own does. */
  async rollbackTo(name: string): Promise<void> {
    const at = this.#find(name);
    const { until } = this.#levels[at]!;
    await this.#leave(at, true);
    await this.#enter(name, until);
  }

  #find(name: string): number {
    const at = this.#levels.findLastIndex((level) => level.name === name);
    if (at < 0) throw new Error(`no such savepoint: ${name}`);
    return at;
  }

  async #leave(from: number, isUndone: boolean): Promise<void> {
    while (this.#levels.length > from) {
      const { timer, end } = this.#levels.pop()!;
      systemClock.clearTimeout(timer);
      await end(isUndone);
    }
  }

  /** Resolves inside of the storage's callback, so that what comes next is inside, too. */
  #enter(name: string | undefined, wanted = Infinity): Promise<void> {
    const count = this.#count;
    const until = Math.min(wanted, this.#until);
    return new Promise((resolve, reject) => {
      const over: Promise<void> = this.storage.transaction((transaction: ObjectTransaction) => {
        return new Promise<void>((close) => {
          const end = (isUndone: boolean): Promise<void> => {
            // Whatever is executed behind it is kept: it is the last word of the level.
            if (isUndone) transaction.rollback();
            close();
            return over;
          };
          if (count !== this.#count) return (reject(transactionLost(`savepoint ${name}`)), void end(true));
          // Set inside: events from before, timers among them, wait until it is over, and so do those of the levels around it.
          const leftMs = Math.max(until - systemClock.now(), 0);
          const expire = (): void => this.#onTimeout(leftMs);
          const timer = systemClock.setTimeout(() => void this.end(true).then(expire, expire), leftMs);
          this.#levels.push({ name, until, end, timer });
          resolve();
        });
      });
      over.catch(reject);
    });
  }
}

const engines = new WeakMap<ObjectStorage, Engine>();

/** One for all connections to a storage. */
export function engineOf(storage: ObjectStorage): Engine {
  let engine = engines.get(storage);
  if (!engine) engines.set(storage, (engine = new Engine(storage)));
  return engine;
}
