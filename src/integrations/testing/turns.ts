import type { Clock } from "../../contract/runtime.ts";
import type { Owner } from "../../contract/events.ts";
import { DbError } from "../../errors.ts";
import { reasonOf } from "../../signal.ts";

/** A connection of a test: it sends one flight at a time, and may have a transaction open. */
export interface Taker {
  /** The session that has it. */
  readonly owner: Owner | undefined;
  /** Its transaction is gone with the one around it. */
  lose(): void;
}

/** Who takes back what a connection has left. */
const CLEANER: Taker = { owner: undefined, lose: () => undefined };

interface Waiter {
  readonly taker: Taker;
  readonly isAside: boolean;
  readonly begin: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Whose turn it is on the one connection of a test. One flight at a time; and while a session has its transaction open, only
 * the sessions begun inside it go between: savepoints are a stack, and a rollback would take back what another has committed.
 */
export class Turns {
  /** Who has a transaction open, outermost first. */
  readonly open: Taker[] = [];
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting: Waiter[] = [];
  readonly #idlers: (() => void)[] = [];
  #isBusy = false;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Waits for the turn of a connection; `release()` ends it.
   *
   * @param isAside - it touches no transaction: only the flight of another is waited for.
   * @throws DbError `POOL_DEADLOCK` when another session's transaction stays open for too long; the signal's own reason.
   */
  take(taker: Taker, isAside: boolean, signal?: AbortSignal): Promise<void> | undefined {
    if (!this.#isBusy && this.#mayGo(taker, isAside)) {
      this.#isBusy = true;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const giveUp = (reason: unknown): void => {
        leave();
        const place = this.#waiting.indexOf(waiter);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(reason);
        this.#settle();
      };
      const begin = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => giveUp(reasonOf(signal!));
      // A flight is waited for as long as it takes: what ends it is the deadline of the test.
      const look = (): void => {
        if (this.#isBusy) timer = this.#clock.setTimeout(look, this.#timeoutMs);
        else giveUp(blocked(this.#timeoutMs));
      };
      const waiter: Waiter = { taker, isAside, begin, giveUp };
      let timer = this.#clock.setTimeout(look, this.#timeoutMs);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.push(waiter);
    });
  }

  /** The same, ahead of all who wait: a connection that is closed takes its leftovers back before another session begins. */
  takeFirst(): Promise<void> | undefined {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return undefined;
    }
    return new Promise((begin, giveUp) => this.#waiting.unshift({ taker: CLEANER, isAside: true, begin, giveUp }));
  }

  release(): void {
    this.#isBusy = false;
    const next = this.#waiting.findIndex(({ taker, isAside }) => this.#mayGo(taker, isAside));
    if (next < 0) return this.#settle();
    this.#isBusy = true;
    this.#waiting.splice(next, 1)[0]!.begin();
  }

  /** Nobody waits any more. */
  end(reason: unknown): void {
    for (const { giveUp } of this.#waiting.splice(0)) giveUp(reason);
  }

  /** Waits until nothing is in flight, nor can leave. */
  async idle(): Promise<void> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  #settle(): void {
    if (!this.#isBusy) for (const resolve of this.#idlers.splice(0)) resolve();
  }

  #mayGo(taker: Taker, isAside: boolean): boolean {
    const top = this.open.at(-1);
    if (isAside || !top || top === taker) return true;
    return !this.open.includes(taker) && isInside(taker.owner, top.owner);
  }
}

function isInside(owner: Owner | undefined, outer: Owner | undefined): boolean {
  for (let each = owner?.parent; each; each = each.parent) if (each === outer) return true;
  return false;
}

function blocked(timeoutMs: number): DbError {
  const message =
    `waited ${timeoutMs} ms for another session of this test, whose transaction is open: in rolledBack() ` +
    "all share one connection, and those that are not inside one another take turns";
  return new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] });
}
