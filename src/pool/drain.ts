/** The callers of `dispose()`, who wait until every connection is closed, or their time is over. */
export class Drain {
  #waiting: { dueAt: number; readonly resolve: () => void }[] = [];

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** When the next of them is to be settled at the latest; `Infinity`: nobody waits, or for as long as it takes. */
  get dueAt(): number {
    return Math.min(Infinity, ...this.#waiting.map(({ dueAt }) => dueAt));
  }

  wait(dueAt: number, resolve: () => void): void {
    this.#waiting.push({ dueAt, resolve });
  }

  /** Their times were counted from a clock that was set back: they are over sooner than it says. */
  advance(lostMs: number): void {
    for (const each of this.#waiting) each.dueAt -= lostMs;
  }

  /** Settles all of them when all is done, or those whose time is over. */
  settle(isDone: boolean, now: number): void {
    this.#waiting = this.#waiting.filter(({ dueAt, resolve }) => {
      const isOver = isDone || dueAt <= now;
      if (isOver) resolve();
      return !isOver;
    });
  }
}
